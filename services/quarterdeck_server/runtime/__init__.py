"""How services are served: the server and what happens around each call. Nothing of finance."""
