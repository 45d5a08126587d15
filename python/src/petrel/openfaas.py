"""python3 -m petrel.openfaas handler.py: runs a handler written for OpenFaaS's
template python3-http (``handle(event, context)``) or python3 (``handle(req)``)
as it is."""
from __future__ import annotations

import inspect
import os
import socket
import sys
import urllib.parse
from typing import Any, Callable, Dict, List

from . import _event
from .__main__ import load_module, run


class Query(Dict[str, str]):
    """Of a repeated name the first value; all of them by getlist()."""

    def __init__(self, text: str):
        pairs = urllib.parse.parse_qsl(text, keep_blank_values=True)
        super().__init__(reversed(pairs))
        self._pairs = pairs

    def getlist(self, name: str) -> List[str]:
        return [value for key, value in self._pairs if key == name]


class Event:
    """What python3-http gives a handler."""

    def __init__(self, event: _event.Event):
        self.body = bytes(event.body)
        pairs = event.headers.items_all()
        if event.content_type:
            pairs.append(("Content-Type", event.content_type))
        self.headers = _event.Headers(pairs)
        self.method = event.method
        self.query = Query(event.query)
        self.path = urllib.parse.unquote(event.path)


class Context:
    def __init__(self) -> None:
        self.hostname = os.environ.get("HOSTNAME") or socket.gethostname()


def _response(said: Any) -> _event.Response:
    if not isinstance(said, dict) or not {"statusCode", "body"} & set(said):
        return _event.response_of(said)
    headers = {str(k): str(v) for k, v in (said.get("headers") or {}).items()}
    return _event.Response(said.get("body"), int(said.get("statusCode", 200)),
                           headers=headers)


def adapt(handle: Callable[..., Any]) -> _event.Function:
    """A Petrel handler from one of OpenFaaS's."""
    if len(inspect.signature(handle).parameters) >= 2:
        def call(event: _event.Event) -> _event.Response:
            return _response(handle(Event(event), Context()))
    else:
        def call(event: _event.Event) -> _event.Response:
            return _event.response_of(handle(event.text))
    return _event.Function(call)


def load(name: str) -> _event.Function:
    handle = getattr(load_module(name), "handle", None)
    if handle is None:
        sys.exit(f"petrel: {name} has no function handle(event, context)")
    return adapt(handle)


if __name__ == "__main__":
    run(load)
