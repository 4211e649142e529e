"""Where protobuf stops: messages to the words of the domain and back. Nothing else knows both."""
