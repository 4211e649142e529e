"""The services of the stream area."""
