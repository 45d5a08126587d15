"""python3 -m petrel FILE.py[:NAME]: the command of a function."""
from __future__ import annotations

import importlib.util
import os
import pathlib
import signal
import sys
from types import ModuleType
from typing import Callable

from ._event import Function
from ._link import Link
from ._serve import serve


def load_module(name: str) -> ModuleType:
    """The module of a file; exits with a line that says what is missing."""
    path = pathlib.Path(name).resolve()
    if not path.is_file():
        sys.exit(f"petrel: no file {name} in {os.getcwd()}")
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module


def load(what: str) -> Function:
    """The handler of a file (FILE.py or FILE.py:NAME)."""
    name, _, wanted = what.partition(":")
    module = load_module(name)
    if wanted:
        found = getattr(module, wanted, None)
        if found is None:
            sys.exit(f"petrel: {name} has no {wanted}")
        return found if isinstance(found, Function) else Function(found)
    found_all = {id(value): value for value in vars(module).values()
                 if isinstance(value, Function)}
    if len(found_all) != 1:
        sys.exit(f"petrel: {name} has {len(found_all)} handlers; put "
                 "@petrel.function before one, or name it: "
                 f"python3 -m petrel {name}:NAME")
    return next(iter(found_all.values()))


def run(loader: Callable[[str], Function]) -> None:
    """Serves the handler of the file on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python3 -m petrel FILE.py[:NAME]")
    fds = [os.environ.get(name) for name in
           ("PETREL_WORKER_FD", "PETREL_WORKER_MEMORY_FD")]
    if None in fds:
        loader(sys.argv[1])
        sys.exit("petrel: the handler loads, but there is no node "
                 "(PETREL_WORKER_FD); try it with petrel.testing.call(), or "
                 "deploy it with `protocol: worker`")
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    link = Link(*map(int, fds))  # type: ignore[arg-type]
    serve(link, loader(sys.argv[1]))


if __name__ == "__main__":
    run(load)
