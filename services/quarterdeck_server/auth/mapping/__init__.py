"""Between the contract of the auth area and its domain."""
