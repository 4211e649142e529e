"""The three ways to call the deck: gRPC, gRPC-Web and JSON, behind one small interface."""

import json
import re
import struct
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Protocol
from urllib.parse import quote, unquote, urlencode

import grpc
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message

from tests.rpcs import Rpc

type Fields = dict[str, object]

TIMEOUT_S = 15
TRAILERS = 0x80


class Refused(Exception):
    """The call failed; ``status`` is the name of the gRPC code, or an HTTP status."""

    def __init__(self, status: str, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class Protocol3(Protocol):
    """Calls an rpc and returns its answer, or the first one of a stream."""

    def call(self, rpc: Rpc, fields: Mapping[str, object], token: str = "") -> Fields: ...


@dataclass(frozen=True, slots=True)
class Grpc:
    """Plain gRPC."""

    address: str

    def call(self, rpc: Rpc, fields: Mapping[str, object], token: str = "") -> Fields:
        metadata = [("authorization", f"Bearer {token}")] if token else []
        request = self.request(rpc, fields)
        codecs = rpc.request.SerializeToString, rpc.response.FromString
        with grpc.insecure_channel(self.address) as channel:
            try:
                if rpc.streams:
                    stream = channel.unary_stream(rpc.path, *codecs)(
                        request, metadata=metadata, timeout=TIMEOUT_S
                    )
                    answer = next(stream, rpc.response())
                    stream.cancel()
                else:
                    answer = channel.unary_unary(rpc.path, *codecs)(
                        request, metadata=metadata, timeout=TIMEOUT_S
                    )
            except grpc.RpcError as error:
                raise Refused(error.code().name, error.details() or "") from error
        return as_fields(answer)

    @staticmethod
    def request(rpc: Rpc, fields: Mapping[str, object]) -> Message:
        return ParseDict(dict(fields), rpc.request())


@dataclass(frozen=True, slots=True)
class GrpcWeb:
    """gRPC-Web over HTTP/1.1, as a browser sends it."""

    address: str

    def call(self, rpc: Rpc, fields: Mapping[str, object], token: str = "") -> Fields:
        message = ParseDict(dict(fields), rpc.request()).SerializeToString()
        headers = {"content-type": "application/grpc-web+proto", "x-grpc-web": "1"}
        body = struct.pack(">BI", 0, len(message)) + message
        with closing(connection(self.address)) as http:
            http.request("POST", rpc.path, body, headers | bearer(token))
            with http.getresponse() as response:
                return self._answer(rpc, response)

    def _answer(self, rpc: Rpc, response: HTTPResponse) -> Fields:
        if status := response.getheader("grpc-status"):
            refuse(int(status), response.getheader("grpc-message") or "")
        for flags, frame in frames(response):
            if flags & TRAILERS:
                trailers = dict(line.split(":", 1) for line in frame.decode().strip().splitlines())
                refuse(int(trailers["grpc-status"]), trailers.get("grpc-message", ""))
                break
            return as_fields(rpc.response.FromString(frame))
        return {}


@dataclass(frozen=True, slots=True)
class Json:
    """JSON by the HTTP path of the rpc; streams answer one object a line."""

    address: str

    def call(self, rpc: Rpc, fields: Mapping[str, object], token: str = "") -> Fields:
        verb, path, has_body = rpc.http
        path, rest = fill(path, dict(fields))
        headers = bearer(token) | {"accept": "application/json"}
        # Requests that come as a stream are a list.
        content = [rest] if rpc.method.client_streaming else rest
        body = json.dumps(content).encode() if has_body else None
        if has_body:
            headers["content-type"] = "application/json"
        elif rest:
            path += "?" + urlencode(list(flat(rest)))
        with closing(connection(self.address)) as http:
            http.request(verb, path, body, headers)
            with http.getresponse() as response:
                is_lines = rpc.streams and not rpc.answers_file and response.status == 200
                text = (response.readline() if is_lines else b"") or response.read()
        if response.status != 200:
            raise Refused(str(response.status), text.decode())
        if rpc.answers_file:
            kind = response.getheader("content-type") or ""
            return {"contentType": kind, "data": b64encode(text).decode()}
        return json.loads(text) if text.strip() else {}


def as_fields(message: object) -> Fields:
    return MessageToDict(message, always_print_fields_with_no_presence=True)


def connection(address: str) -> HTTPConnection:
    return HTTPConnection(address, timeout=TIMEOUT_S)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"} if token else {}


def refuse(code: int, text: str) -> None:
    if code:
        name = next(c.name for c in grpc.StatusCode if c.value[0] == code)
        raise Refused(name, unquote(text))


def frames(response: HTTPResponse) -> Iterator[tuple[int, bytes]]:
    while len(head := response.read(5)) == 5:
        flags, size = struct.unpack(">BI", head)
        yield flags, response.read(size)


def fill(template: str, fields: Fields) -> tuple[str, Fields]:
    """Put fields into the path and return what is left of them."""

    def value(match: re.Match[str]) -> str:
        name, _, pattern = match[1].partition("=")
        return quote(str(fields.pop(camel(name))), safe="/" if pattern else "")

    return re.sub(r"\{([^}]+)\}", value, template), fields


def flat(fields: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield from ((prefix + name, str(one)) for one in value)
        else:
            yield prefix + name, str(value).lower() if isinstance(value, bool) else str(value)


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
