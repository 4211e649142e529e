"""What is measured, and what comes out: arrays and numbers, without I/O."""
