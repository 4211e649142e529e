"""What is known of the deck, pure: no clock, no files, no network."""
