"""What the auth area does beside the calls."""
