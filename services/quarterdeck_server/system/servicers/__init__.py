"""The system area's services on the wire."""
