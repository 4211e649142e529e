"""The rules of access, pure: no clock, no randomness, no storage."""
