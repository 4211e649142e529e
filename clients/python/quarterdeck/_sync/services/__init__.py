"""The services, by area."""
