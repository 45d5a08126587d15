"""Runs a handler without a node.

    answer = petrel.testing.call(handle, b"body", path="/x")
    assert answer.status == 200 and answer.body == b"..."
"""
from __future__ import annotations

import asyncio
import inspect
import time
import uuid
from typing import Any, List, Mapping, Optional, Tuple, Union

from ._event import (Event, Function, Handler, Log, Response, part_of,
                     response_of)


class Outcome:
    """What a handler answered, the parts of it if it is a generator, and what it
    logged: (level, text)."""

    def __init__(self, response: Response, log: List[Tuple[int, str]],
                 parts: List[bytes]):
        self.status = response.status
        self.content_type = response.content_type
        self.headers = response.headers
        self.body = b"".join(parts) if parts else bytes(response.body)
        self.parts = parts
        self.log = log

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        import json
        return json.loads(self.body)


async def _finish(what: Any, timeout: float) -> Any:
    return await asyncio.wait_for(what, timeout)


async def _all_of(parts: Any) -> List[Any]:
    return [part async for part in parts]


def call(handler: Union[Function, Handler], body: Union[bytes, str] = b"", *,
         method: str = "POST", path: str = "/", query: str = "",
         content_type: str = "",
         headers: Optional[Mapping[str, str]] = None,
         timeout: float = 60.0, cancelled: bool = False) -> Outcome:
    """Runs the handler once, as the node would; what it raises is raised."""
    lines: List[Tuple[int, str]] = []
    data = body.encode() if isinstance(body, str) else bytes(body)
    event = Event(id=str(uuid.uuid4()), method=method, path=path, query=query,
                  content_type=content_type,
                  headers=list((headers or {}).items()), body=data,
                  deadline=time.monotonic() + timeout,
                  log=Log(lambda level, text: lines.append((level, text))))
    event._cancelled = cancelled

    value = handler(event)
    if inspect.isawaitable(value):
        value = asyncio.run(_finish(value, timeout))
    response = response_of(value)
    if hasattr(response.parts, "__anext__"):
        values = asyncio.run(_finish(_all_of(response.parts), timeout))
    else:
        values = list(response.parts or ())
    parts = [part_of(value) for value in values]
    if parts and not response.content_type:
        response.content_type = parts[0][1]
    return Outcome(response, lines, [bytes(data) for data, _ in parts])
