"""The frames of protocol worker: docs/worker-protocol.md."""
from __future__ import annotations

import struct
from typing import Any, List, NamedTuple, Tuple

VERSION = 1
MOST_PAYLOAD = 160 * 1024
HELLO, CALL, CANCEL = 1, 2, 3
READY, ANSWER, FAILURE, LOG = 16, 17, 18, 19

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


class Call(NamedTuple):
    remaining_us: int
    area: int
    in_memory: bool
    body_bytes: int
    texts: List[str]  # id, method, path, query, type, traceparent, tracestate
    headers: List[Tuple[str, str]]
    body: bytes  # empty when it is in memory


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
    return Hello(*_HELLO.unpack_from(payload))


def read_call(payload: bytes) -> Call:
    remaining, area, in_memory, headers, size = _CALL.unpack_from(payload)
    at = _CALL.size
    texts = []
    for _ in range(7):
        text, at = _text(payload, at)
        texts.append(text)
    pairs = []
    for _ in range(headers):
        name, at = _text(payload, at)
        value, at = _text(payload, at)
        pairs.append((name, value))
    return Call(remaining, area, in_memory == 1, size, texts, pairs,
                payload[at:])


def frame(kind: int, call: int, *parts: bytes) -> bytes:
    size = sum(map(len, parts))
    return b"".join((HEAD.pack(size, kind, call), *parts))


def ready(at_once: int, about: str) -> bytes:
    text = about.encode()
    return frame(READY, 0, struct.pack("<HHI", VERSION, at_once, len(text)),
                 text)


def answer(call: int, response: Any, in_memory: bool) -> bytes:
    content_type = response.content_type.encode("utf-8", "surrogateescape")
    parts = [_ANSWER.pack(response.status, 1 if in_memory else 0,
                          len(response.headers), len(response.body)),
             _U32.pack(len(content_type)), content_type]
    for name, value in response.headers:
        for text in (name, value):
            data = text.encode("utf-8", "surrogateescape")
            parts += (_U32.pack(len(data)), data)
    if not in_memory:
        parts.append(response.body)
    made = frame(ANSWER, call, *parts)
    if len(made) - HEAD.size > MOST_PAYLOAD:
        raise ValueError("the headers of the answer are too large")
    return made


def failure(call: int, text: str) -> bytes:
    data = text.encode("utf-8", "replace")[:8192]
    return frame(FAILURE, call, _U32.pack(len(data)), data)


def log(call: int, level: int, text: str) -> bytes:
    return frame(LOG, call, bytes((level,)),
                 text.encode("utf-8", "replace")[:64 * 1024])
