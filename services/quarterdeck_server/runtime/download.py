"""Files on the wire: pieces of bytes that the edge joins, and the name in the headers."""

from collections.abc import AsyncIterator

from google.api.httpbody_pb2 import HttpBody

from quarterdeck_server.kernel.file import File
from quarterdeck_server.runtime.service import Context

PIECE_BYTES = 256 * 1024
"""Small enough that no reader has to allow larger messages than usual."""


async def sent(file: File, context: Context) -> AsyncIterator[HttpBody]:
    """Tell what a browser needs to keep a file, and yield it in pieces."""
    headers = (
        ("content-disposition", f'attachment; filename="{file.name}"'),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    )
    await context.send_initial_metadata(headers)
    for start in range(0, len(file.content), PIECE_BYTES):
        piece = file.content[start : start + PIECE_BYTES]
        yield HttpBody(content_type=file.content_type, data=piece)
