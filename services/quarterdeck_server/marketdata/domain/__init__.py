"""What market data are and which of them are acceptable. Pure: no I/O, no protobuf, no clock."""
