"""The frames of protocol worker: docs/worker-protocol.md."""
from __future__ import annotations

import struct
from typing import Any, List, NamedTuple, Tuple

VERSION = 1
MOST_PAYLOAD = 160 * 1024
HELLO, CALL, CANCEL, PART_TAKEN = 1, 2, 3, 4
READY, ANSWER, FAILURE, LOG, PART = 16, 17, 18, 19, 20
TAKES_PARTS = 1  # a bit of the hello's features
SENT, KEPT, STOP = 0, 1, 2  # what became of a part

HEAD = struct.Struct("<IIQ")  # size, kind, call
_HELLO = struct.Struct("<HHIQQ")
_CALL = struct.Struct("<QHHIQ")
_ANSWER = struct.Struct("<HHIQ")
_U32 = struct.Struct("<I")


class Hello(NamedTuple):
    version: int
    areas: int
    inline_bytes: int
    area_bytes: int
    max_body: int
    features: int


class Call:
    """An event as it came. What few handlers look at is decoded when it is asked
    for: that is half of the cost of a small event."""

    __slots__ = ("remaining_us", "area", "in_memory", "body_bytes",
                 "_headers", "_payload")

    def __init__(self, payload: bytes):
        self.remaining_us, self.area, in_memory, self._headers, \
            self.body_bytes = _CALL.unpack_from(payload)
        self.in_memory = in_memory == 1
        self._payload = payload
        if not self.in_memory and self.body_bytes > len(payload) - _CALL.size:
            raise Malformed("a body is cut")

    @property
    def body(self) -> bytes:
        """Empty when it is in memory."""
        if self.in_memory or self.body_bytes == 0:
            return b""
        return self._payload[-self.body_bytes:]

    def texts(self) -> Tuple[List[str], List[Tuple[str, str]]]:
        """Id, method, path, query, type, traceparent, tracestate; headers."""
        payload, at = self._payload, _CALL.size
        found = []
        for _ in range(7 + 2 * self._headers):
            text, at = _text(payload, at)
            found.append(text)
        return found[:7], list(zip(found[7::2], found[8::2]))


class Malformed(Exception):
    """The node does not speak as it should."""


def _text(payload: bytes, at: int) -> Tuple[str, int]:
    (size,) = _U32.unpack_from(payload, at)
    at += 4
    if at + size > len(payload):
        raise Malformed("a text is cut")
    # Header values may hold any bytes.
    return payload[at:at + size].decode("utf-8", "surrogateescape"), at + size


def read_hello(payload: bytes) -> Hello:
    features = 0  # older nodes say none
    if len(payload) >= _HELLO.size + _U32.size:
        (features,) = _U32.unpack_from(payload, _HELLO.size)
    version, areas, inline_bytes, area_bytes, max_body \
        = _HELLO.unpack_from(payload)
    return Hello(version, areas, inline_bytes, area_bytes, max_body, features)


def read_part_taken(payload: bytes) -> int:
    if len(payload) != 1 or payload[0] > STOP:
        raise Malformed("what became of a part")
    return payload[0]


def frame(kind: int, call: int, *parts: bytes) -> bytes:
    size = sum(map(len, parts))
    return b"".join((HEAD.pack(size, kind, call), *parts))


def ready(at_once: int, about: str) -> bytes:
    text = about.encode()
    return frame(READY, 0, struct.pack("<HHI", VERSION, at_once, len(text)),
                 text)


def part(call: int, response: Any, body: Any) -> bytes:
    """A part of an answer; of the first, status, type and headers count."""
    return _answer(PART, call, response, body, False)


def answer(call: int, response: Any, in_memory: bool) -> bytes:
    return _answer(ANSWER, call, response, response.body, in_memory)


def _answer(kind: int, call: int, response: Any, body: Any,
            in_memory: bool) -> bytes:
    content_type = response.content_type.encode("utf-8", "surrogateescape")
    parts = [_ANSWER.pack(response.status, 1 if in_memory else 0,
                          len(response.headers), len(body)),
             _U32.pack(len(content_type)), content_type]
    for name, value in response.headers:
        for text in (name, value):
            data = text.encode("utf-8", "surrogateescape")
            parts += (_U32.pack(len(data)), data)
    if not in_memory:
        parts.append(body)
    made = frame(kind, call, *parts)
    if len(made) - HEAD.size > MOST_PAYLOAD:
        raise ValueError("the headers of the answer are too large")
    return made


def failure(call: int, text: str) -> bytes:
    data = text.encode("utf-8", "replace")[:8192]
    return frame(FAILURE, call, _U32.pack(len(data)), data)


def log(call: int, level: int, text: str) -> bytes:
    return frame(LOG, call, bytes((level,)),
                 text.encode("utf-8", "replace")[:64 * 1024])
