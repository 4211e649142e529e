"""Between the contract of the system area and its domain."""
