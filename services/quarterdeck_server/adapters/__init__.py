"""What connects the deck to the world outside: vendors, files. Adapters never know each other."""
