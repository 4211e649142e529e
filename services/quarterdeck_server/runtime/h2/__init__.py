"""gRPC on a server half of HTTP/2 that is made for streams: the data path is ours.

grpc.aio spends most of a stream's time between Python and its core, once for each message of each
reader. Here a message is a few bytes of header before bytes that all readers share, and everything
that a turn of the loop has for a connection leaves in one write. It stands behind the edge or on
loopback: no TLS, no compression, no proxies' features. The control plane is small and strict: what
a peer may do is bounded, and a peer that does more is sent away.
"""

from quarterdeck_server.runtime.h2.server import Server

__all__ = ["Server"]
