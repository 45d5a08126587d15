"""Runs a handler for the node until the link is closed."""
from __future__ import annotations

import asyncio
import inspect
import platform
import time
import traceback
from typing import Any, Dict, List, Optional, Tuple

from . import _wire
from ._event import (Body, Event, Function, Headers, Log, Response,
                     response_of)
from ._link import Closed, Link
from ._parts import Parts, Stopped


def about() -> str:
    return f"petrel-python 0.1.0, {platform.python_implementation()} " \
        f"{platform.python_version()}"


class LinkedEvent(Event):
    """What the event's own slots lack is decoded at the first look."""

    __slots__ = ("_number", "_call", "_link")

    def __init__(self, *, body: Body, deadline: float, look: Any):
        # Not that of Event, which sets all.
        self.body = body
        self._deadline = deadline
        self._look = look
        self._cancelled = False

    def begin(self, number: int, call: _wire.Call, link: Link) -> None:
        self._number, self._call, self._link = number, call, link

    def __getattr__(self, name: str) -> Any:
        if name == "log":
            self.log = Log(lambda level, text: self._link.send(
                _wire.log(self._number, level, text)))
        elif name in _TEXTS or name == "headers":
            texts, headers = self._call.texts()
            for slot, text in zip(_TEXTS, texts):
                setattr(self, slot, text)
            self.headers = Headers(headers)
        else:
            raise AttributeError(name)
        return getattr(self, name)


_TEXTS = ("id", "method", "path", "query", "content_type", "traceparent",
          "tracestate")


class Server:
    def __init__(self, link: Link, function: Function):
        self.link = link
        self.function = function
        self.at_once = link.hello.areas if function.is_async else 1

    def ready(self) -> None:
        self.link.send(_wire.ready(self.at_once, about()))

    def event_of(self, number: int, payload: bytes, look: Any
                 ) -> Tuple[Event, int]:
        call = _wire.Call(payload)
        event = LinkedEvent(
            body=self.link.body_of(call),
            deadline=time.monotonic() + call.remaining_us / 1e6, look=look)
        event.begin(number, call, self.link)
        return event, call.area

    def failed(self, number: int, failure: BaseException) -> None:
        text = "".join(traceback.format_exception(
            type(failure), failure, failure.__traceback__)).rstrip()
        self.link.send(_wire.log(number, 3, text))
        said = f"{type(failure).__name__}: {failure}".rstrip(": ")
        self.link.send(_wire.failure(number, said))

    def answer(self, number: int, area: int, response: Response) -> None:
        try:
            frame = self.link.answer(number, area, response)
        except Closed:
            raise
        except Exception as failure:  # no JSON, too large
            return self.failed(number, failure)
        self.link.send(frame)


class SyncServer(Server):
    """One call after the other on the main thread."""

    def __init__(self, link: Link, function: Function):
        super().__init__(link, function)
        self._waiting: List[Any] = []
        self._number = 0
        self._event: Any = None
        self._taken: Optional[int] = None

    def take(self) -> None:
        for kind, call, payload in self.link.frames():
            if kind == _wire.CANCEL and call == self._number:
                self._event._cancelled = True
            elif kind == _wire.PART_TAKEN and call == self._number:
                self._taken = _wire.read_part_taken(payload)
            elif kind == _wire.CALL:
                self._waiting.append((kind, call, payload))

    def look(self) -> None:
        """Reads what has come while a handler runs: its cancellation."""
        while self.link.receive(wait=False):
            pass
        self.take()

    def send_parts(self, number: int, response: Response) -> None:
        """Sends what its generator yields, the end of it but for the answer."""
        if hasattr(response.parts, "__anext__"):
            raise TypeError("an async generator needs an async handler")
        parts = Parts(self.link.hello, number, response)
        try:
            for value in response.parts:
                for frame in parts.frames_of(value):
                    self._taken = None
                    self.link.send(frame)
                    while self._taken is None:
                        self.link.receive()
                        self.take()
                    parts.taken(self._taken)
        finally:  # what it logs at its end belongs to this call
            if hasattr(response.parts, "close"):
                response.parts.close()
        parts.end()

    def serve(self) -> None:
        self.ready()
        while True:
            got = self._waiting.pop(0) if self._waiting else self.link.next()
            if got is None or got[0] != _wire.CALL:
                continue  # a late cancellation
            self.run(got[1], got[2])

    def run(self, number: int, payload: bytes) -> None:
        event, area = self.event_of(number, payload, self.look)
        self._number, self._event = number, event
        try:
            response = response_of(self.function(event))
            if response.parts is not None:
                self.send_parts(number, response)
        except Closed:
            raise
        except Stopped:
            self.link.send(_wire.failure(number, "cancelled"))
        except Exception as failure:
            self.failed(number, failure)
        else:
            self.answer(number, area, response)
        self._event = None
        self._number = 0


class AsyncServer(Server):
    """Calls beside each other on an event loop."""

    def __init__(self, link: Link, function: Function):
        super().__init__(link, function)
        self._tasks: Dict[int, Tuple["asyncio.Task[None]", Event]] = {}
        self._taken: Dict[int, "asyncio.Future[int]"] = {}

    def serve(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        self._end: "asyncio.Future[None]" = loop.create_future()
        loop.add_reader(self.link.socket.fileno(), self._readable)
        self.ready()
        self._take()  # what came with the hello
        try:
            await self._end
        finally:
            loop.remove_reader(self.link.socket.fileno())
            tasks = [task for task, _ in self._tasks.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _readable(self) -> None:
        try:
            self.link.receive(wait=False)
            self._take()
        except Exception as failure:
            if not self._end.done():
                self._end.set_exception(failure)

    def _take(self) -> None:
        for kind, call, payload in self.link.frames():
            if kind == _wire.CALL:
                event, area = self.event_of(call, payload, None)
                task = asyncio.ensure_future(self._run(call, event, area))
                self._tasks[call] = task, event
            elif kind == _wire.CANCEL and call in self._tasks:
                task, event = self._tasks[call]
                event._cancelled = True
                task.cancel()
            elif kind == _wire.PART_TAKEN and call in self._taken:
                waits = self._taken.pop(call)
                if not waits.done():
                    waits.set_result(_wire.read_part_taken(payload))

    async def _send_parts(self, number: int, response: Response) -> None:
        parts = Parts(self.link.hello, number, response)

        async def send(value: Any) -> None:
            for frame in parts.frames_of(value):
                waits = asyncio.get_running_loop().create_future()
                self._taken[number] = waits
                self.link.send(frame)
                parts.taken(await waits)

        try:
            if hasattr(response.parts, "__anext__"):
                async for value in response.parts:
                    await send(value)
            else:
                for value in response.parts:
                    await send(value)
        finally:  # what it logs at its end belongs to this call
            if hasattr(response.parts, "aclose"):
                await response.parts.aclose()
            elif hasattr(response.parts, "close"):
                response.parts.close()
        parts.end()

    async def _run(self, number: int, event: Event, area: int) -> None:
        try:
            try:
                value = self.function(event)
                if inspect.isawaitable(value):
                    value = await value
                response = response_of(value)
                if response.parts is not None:
                    await self._send_parts(number, response)
            except (asyncio.CancelledError, Stopped):
                self.link.send(_wire.failure(number, "cancelled"))
            except Exception as failure:
                self.failed(number, failure)
            else:
                self.answer(number, area, response)
        except Exception as failure:  # the link
            if not self._end.done():
                self._end.set_exception(failure)
        finally:
            self._tasks.pop(number, None)
            self._taken.pop(number, None)


def serve(link: Link, function: Function) -> None:
    server = AsyncServer if function.is_async else SyncServer
    try:
        server(link, function).serve()
    except Closed:
        pass
