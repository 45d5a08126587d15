"""Runs a handler for the node until the link is closed."""
from __future__ import annotations

import asyncio
import platform
import time
import traceback
from typing import Any, Dict, List, Tuple

from . import _wire
from ._event import Event, Function, Log, response_of
from ._link import Closed, Link


def about() -> str:
    return f"petrel-python 0.1.0, {platform.python_implementation()} " \
        f"{platform.python_version()}"


class Server:
    def __init__(self, link: Link, function: Function):
        self.link = link
        self.function = function
        self.at_once = link.hello.areas if function.is_async else 1

    def ready(self) -> None:
        self.link.send(_wire.ready(self.at_once, about()))

    def event_of(self, number: int, payload: bytes, look: Any
                 ) -> Tuple[Event, int]:
        call = _wire.read_call(payload)
        log = Log(lambda level, text: self.link.send(
            _wire.log(number, level, text)))
        texts = call.texts
        return Event(
            id=texts[0], method=texts[1], path=texts[2], query=texts[3],
            content_type=texts[4], traceparent=texts[5], tracestate=texts[6],
            headers=call.headers, body=self.link.body_of(call),
            deadline=time.monotonic() + call.remaining_us / 1e6, log=log,
            look=look), call.area

    def failed(self, number: int, failure: BaseException) -> None:
        text = "".join(traceback.format_exception(
            type(failure), failure, failure.__traceback__)).rstrip()
        self.link.send(_wire.log(number, 3, text))
        said = f"{type(failure).__name__}: {failure}".rstrip(": ")
        self.link.send(_wire.failure(number, said))

    def answer(self, number: int, area: int, value: Any) -> None:
        try:
            frame = self.link.answer(number, area, response_of(value))
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

    def look(self) -> None:
        """Reads what has come while a handler runs: its cancellation."""
        while self.link.receive(wait=False):
            pass
        for kind, call, payload in self.link.frames():
            if kind == _wire.CANCEL and call == self._number:
                self._event._cancelled = True
            elif kind == _wire.CALL:
                self._waiting.append((kind, call, payload))

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
            value = self.function(event)
        except Closed:
            raise
        except Exception as failure:
            self.failed(number, failure)
        else:
            self.answer(number, area, value)
        self._event = None
        self._number = 0


class AsyncServer(Server):
    """Calls beside each other on an event loop."""

    def __init__(self, link: Link, function: Function):
        super().__init__(link, function)
        self._tasks: Dict[int, Tuple["asyncio.Task[None]", Event]] = {}

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

    async def _run(self, number: int, event: Event, area: int) -> None:
        try:
            try:
                value = await self.function(event)
            except asyncio.CancelledError:
                self.link.send(_wire.failure(number, "cancelled"))
            except Exception as failure:
                self.failed(number, failure)
            else:
                self.answer(number, area, value)
        except Exception as failure:  # the link
            if not self._end.done():
                self._end.set_exception(failure)
        finally:
            self._tasks.pop(number, None)


def serve(link: Link, function: Function) -> None:
    server = AsyncServer if function.is_async else SyncServer
    try:
        server(link, function).serve()
    except Closed:
        pass
