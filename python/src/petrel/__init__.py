"""Python functions for Petrel.

    import petrel

    @petrel.function
    def handle(event):
        return b"hello " + event.body

Run by the node with the command ``python3 -m petrel handler.py``; tried without
one with ``petrel.testing.call(handle, b"body")``.
"""
from ._event import Event, Function, Response, function

__all__ = ["Event", "Function", "Response", "function"]
__version__ = "0.1.0"
