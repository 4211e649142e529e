"""How services are served: the gRPC server and what happens around each call. Nothing of finance."""
