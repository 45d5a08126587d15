"""The connection to the node, and the memory that both share."""
from __future__ import annotations

import mmap
import os
import socket
from typing import Dict, Iterator, Optional, Tuple

from . import _wire
from ._event import Body, Response


class Closed(Exception):
    """The node has closed the link: the end of this program's work."""


class Link:
    """Blocking. One thread at a time."""

    def __init__(self, fd: int, memory_fd: int):
        os.set_inheritable(fd, False)
        os.set_inheritable(memory_fd, False)
        self.socket = socket.socket(fileno=fd)
        self._memory_fd = memory_fd
        self._maps: Dict[Tuple[int, int], mmap.mmap] = {}
        self._buffer = bytearray()
        while True:
            got = self.next()
            if got is not None:
                break
        kind, _, payload = got
        if kind != _wire.HELLO:
            raise _wire.Malformed("no hello")
        self.hello = _wire.read_hello(payload)
        if self.hello.version != _wire.VERSION:
            raise _wire.Malformed(
                f"the node speaks version {self.hello.version} of protocol "
                f"worker, this package version {_wire.VERSION}")

    def receive(self, wait: bool = True) -> bool:
        """Takes what has come; False: nothing has."""
        try:
            data = self.socket.recv(65536, 0 if wait else socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except ConnectionError as gone:
            raise Closed from gone
        if not data:
            raise Closed
        self._buffer += data
        return True

    def frames(self) -> Iterator[Tuple[int, int, bytes]]:
        """Whole frames that have come: kind, call, payload."""
        while len(self._buffer) >= _wire.HEAD.size:
            size, kind, call = _wire.HEAD.unpack_from(self._buffer)
            if size > _wire.MOST_PAYLOAD:
                raise _wire.Malformed(f"a frame of {size} bytes")
            end = _wire.HEAD.size + size
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[_wire.HEAD.size:end])
            del self._buffer[:end]
            yield kind, call, payload

    def next(self) -> Optional[Tuple[int, int, bytes]]:
        for got in self.frames():
            return got
        self.receive()
        return None

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except ConnectionError as gone:
            raise Closed from gone

    def _half(self, area: int, half: int) -> mmap.mmap:
        found = self._maps.get((area, half))
        if found is None:
            if area >= self.hello.areas:
                raise _wire.Malformed(f"area {area}")
            size = self.hello.area_bytes
            found = mmap.mmap(
                self._memory_fd, size, mmap.MAP_SHARED,
                mmap.PROT_READ if half == 0
                else mmap.PROT_READ | mmap.PROT_WRITE,
                offset=size * (2 * area + half))
            self._maps[area, half] = found
        return found

    def body_of(self, call: _wire.Call) -> Body:
        if not call.in_memory:
            return call.body
        return memoryview(self._half(call.area, 0))[:call.body_bytes]

    def answer(self, number: int, area: int, response: Response) -> bytes:
        """The frame of an answer; a large body is put into the memory."""
        size = len(response.body)
        if size > self.hello.max_body:
            raise ValueError(f"the answer has {size} bytes, over "
                             f"{self.hello.max_body} (petrel.max_body)")
        in_memory = size > self.hello.inline_bytes
        if in_memory:
            self._half(area, 1)[:size] = response.body
        return _wire.answer(number, response, in_memory)
