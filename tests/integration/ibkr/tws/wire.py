"""The frames of the protocol: a length of four bytes, then fields that each end in a zero byte."""

import asyncio
import struct

PREFIX = struct.Struct(">I")


def text_of(field: object) -> str:
    """Write a field as the protocol has it."""
    if isinstance(field, bool):
        return "1" if field else "0"
    return str(field)


def payload(*fields: object) -> bytes:
    return "".join(f"{text_of(field)}\0" for field in fields).encode()


def frame(*fields: object) -> bytes:
    body = payload(*fields)
    return PREFIX.pack(len(body)) + body


async def read_text(reader: asyncio.StreamReader) -> str:
    (length,) = PREFIX.unpack(await reader.readexactly(PREFIX.size))
    return (await reader.readexactly(length)).decode()


async def read_fields(reader: asyncio.StreamReader) -> list[str]:
    return (await read_text(reader)).split("\0")[:-1]
