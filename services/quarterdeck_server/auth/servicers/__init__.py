"""The auth area's services on the wire."""
