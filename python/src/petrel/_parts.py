"""An answer in parts, as protocol worker sends it."""
from __future__ import annotations

from typing import Any, Iterator, Optional

from . import _wire
from ._event import Response, part_of


class Stopped(Exception):
    """Nobody waits for the rest of the answer."""


class Parts:
    """Makes frames of what a generator yields; keeps all where the answer is
    wanted whole. Afterwards `response.body` is what is left to be answered."""

    def __init__(self, hello: _wire.Hello, number: int, response: Response):
        self._hello = hello
        self._number = number
        self._response = response
        self._began = False
        self._kept: Optional[bytearray] = None
        if not hello.features & _wire.TAKES_PARTS:
            self._kept = bytearray()

    def frames_of(self, value: Any) -> Iterator[bytes]:
        """Frames to be sent, each once taken() was told about the one before."""
        data, usual = part_of(value)
        if not self._began and not self._response.content_type:
            self._response.content_type = usual
        self._began = True
        at = 0
        while self._kept is None and at < len(data):
            piece = data[at:at + self._hello.inline_bytes]
            yield _wire.part(self._number, self._response, piece)
            if self._kept is None:
                at += len(piece)
        if self._kept is not None:
            if len(self._kept) + len(data) - at > self._hello.max_body:
                raise ValueError(
                    "the parts of the answer are wanted whole here, and have "
                    f"over {self._hello.max_body} bytes (petrel.max_body)")
            self._kept += data[at:]

    def taken(self, what: int) -> None:
        if what == _wire.STOP:
            raise Stopped("nobody waits for the answer any more")
        if what == _wire.KEPT:
            self._kept = bytearray()

    def end(self) -> None:
        self._response.body = bytes(self._kept or b"")
