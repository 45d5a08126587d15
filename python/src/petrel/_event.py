"""What a handler gets and gives."""
from __future__ import annotations

import collections.abc
import inspect
import json
import re
import time
from typing import (Any, Awaitable, Callable, Iterator, List, Mapping,
                    Optional, Tuple, Union)

Body = Union[bytes, memoryview]
Answer = Any  # None, bytes-like, str, Response, numpy array, JSON; iterators
Handler = Callable[["Event"], Union[Answer, Awaitable[Answer]]]

LEVELS = {"debug": 0, "info": 1, "warning": 2, "error": 3}

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Headers(Mapping[str, str]):
    """Headers of an event: names compare without case; of a repeated one the
    first value is given, all of them by get_all()."""

    def __init__(self, pairs: List[Tuple[str, str]]):
        self._pairs = pairs

    def __getitem__(self, name: str) -> str:
        for key, value in self._pairs:
            if key.lower() == name.lower():
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        seen = set()
        for key, _ in self._pairs:
            if key.lower() not in seen:
                seen.add(key.lower())
                yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def get_all(self, name: str) -> List[str]:
        return [v for k, v in self._pairs if k.lower() == name.lower()]

    def items_all(self) -> List[Tuple[str, str]]:
        return list(self._pairs)


class Log:
    """Lines for the function's log, kept with the call id."""

    def __init__(self, write: Callable[[int, str], None]):
        self._write = write

    def debug(self, text: str) -> None:
        self._write(0, text)

    def info(self, text: str) -> None:
        self._write(1, text)

    def warning(self, text: str) -> None:
        self._write(2, text)

    def error(self, text: str) -> None:
        self._write(3, text)


class Event:
    """One event. `body` is valid until the handler returns: a large one lies in
    memory that the next event uses again."""

    __slots__ = ("id", "method", "path", "query", "content_type", "headers",
                 "traceparent", "tracestate", "body", "log", "_deadline",
                 "_look", "_cancelled")

    def __init__(self, *, id: str = "", method: str = "POST", path: str = "/",
                 query: str = "", content_type: str = "",
                 headers: Optional[List[Tuple[str, str]]] = None,
                 traceparent: str = "", tracestate: str = "",
                 body: Body = b"", deadline: float = float("inf"),
                 log: Optional[Log] = None,
                 look: Optional[Callable[[], None]] = None):
        self.id = id
        self.method = method
        self.path = path
        self.query = query
        self.content_type = content_type
        self.headers = Headers(headers or [])
        self.traceparent = traceparent
        self.tracestate = tracestate
        self.body = body
        self.log = log or Log(lambda level, text: None)
        self._deadline = deadline
        self._look = look
        self._cancelled = False

    def remaining(self) -> float:
        """Seconds until the deadline; negative when it has passed."""
        return self._deadline - time.monotonic()

    @property
    def cancelled(self) -> bool:
        """Nobody waits for the answer any more, or the deadline has passed."""
        if not self._cancelled and self._look is not None:
            self._look()
        return self._cancelled or self.remaining() <= 0

    @property
    def text(self) -> str:
        return str(self.body, "utf-8")

    def json(self) -> Any:
        return json.loads(bytes(self.body))

    def array(self, dtype: Any = "uint8", shape: Any = None) -> Any:
        """The body as a numpy array, without a copy; read only. Needs
        numpy."""
        import numpy
        made = numpy.frombuffer(self.body, dtype=dtype)
        return made if shape is None else made.reshape(shape)


class Response:
    """An answer with status, type and headers. A body that is neither bytes-like
    nor str becomes JSON. A generator, or another iterator of bytes or str, is an
    answer in parts: each goes to the caller as soon as it is there."""

    __slots__ = ("body", "status", "content_type", "headers", "parts")

    def __init__(self, body: Any = b"", status: int = 200,
                 content_type: str = "",
                 headers: Union[Mapping[str, str],
                                List[Tuple[str, str]], None] = None):
        if not 200 <= status <= 599:
            raise ValueError(f"status {status} is not 200 to 599")
        pairs = list(headers.items()) if isinstance(headers, Mapping) \
            else list(headers or [])
        for name, value in pairs:
            if not _TOKEN.match(name) or _CONTROL.search(value):
                raise ValueError(f"{name!r}: {value!r} is no header")
        if _CONTROL.search(content_type):
            raise ValueError(f"{content_type!r} is no content type")
        self.status = status
        self.headers = [(n, v) for n, v in pairs
                        if n.lower() != "content-type"]
        types = [v for n, v in pairs if n.lower() == "content-type"]
        self.parts: Any = body if in_parts(body) else None
        self.body, usual = _bytes_of(b"" if self.parts is not None else body)
        if self.parts is not None:
            usual = ""  # by the first part
        self.content_type = content_type or (types[0] if types else usual)


def in_parts(value: Any) -> bool:
    return isinstance(value, (collections.abc.Iterator,
                              collections.abc.AsyncIterator))


def part_of(value: Any) -> Tuple[Body, str]:
    """The bytes of one part, and the type of an answer that begins with it."""
    if not isinstance(value, (bytes, bytearray, memoryview, str)):
        raise TypeError("a part of an answer must be bytes or str, not "
                        + type(value).__name__)
    return _bytes_of(value)


def _bytes_of(value: Any) -> Tuple[Body, str]:
    """The bytes of an answer and their usual type."""
    if value is None:
        return b"", ""
    if isinstance(value, bytes):
        return value, "application/octet-stream"
    if isinstance(value, str):
        return value.encode(), "text/plain; charset=utf-8"
    if isinstance(value, (bytearray, memoryview)):
        view = memoryview(value)
        plain = view.cast("B") if view.c_contiguous else memoryview(bytes(view))
        return plain, "application/octet-stream"
    if hasattr(value, "__array_interface__"):  # numpy
        return value.tobytes(), "application/octet-stream"
    return json.dumps(value, separators=(",", ":")).encode(), \
        "application/json"


def response_of(value: Answer) -> Response:
    if isinstance(value, Response):
        return value
    if type(value) is bytes or type(value) is str:  # nothing to check
        made = Response.__new__(Response)
        made.status, made.headers, made.parts = 200, [], None
        made.body, made.content_type = _bytes_of(value)
        return made
    return Response(value)


class Function:
    """A handler that the node may run."""

    def __init__(self, handler: Handler):
        if not callable(handler):
            raise TypeError("@petrel.function goes with a function")
        self.handler = handler
        self.name = getattr(handler, "__name__", "handler")
        self.__doc__ = handler.__doc__
        call = getattr(handler, "__call__", None)
        self.is_async = any(
            check(what) for what in (handler, call)
            for check in (inspect.iscoroutinefunction,
                          inspect.isasyncgenfunction))

    def __call__(self, event: Event) -> Any:
        return self.handler(event)


def function(handler: Handler) -> Function:
    """Makes a handler known to ``python3 -m petrel``. It gets an Event and
    returns bytes, str, None, a Response, or what becomes JSON. An `async def`
    runs beside others in one process. A generator answers in parts: what it
    yields goes to the caller at once."""
    return Function(handler)
