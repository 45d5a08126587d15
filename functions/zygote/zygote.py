"""A Python that becomes functions: loads what they need, once, and then forks
for the node. Holds nothing of any function; each fork is confined before it
reads a word of one (functions/sandbox/init/zygote.cpp).

Descriptors: 3 the node, 4 the library, 5 the package petrel (tar), 6 this file.
"""
import sys

sys.path[:] = [path for path in sys.path if path]  # not the working folder

import ctypes  # noqa: E402
import gc  # noqa: E402
import importlib.machinery  # noqa: E402
import importlib.util  # noqa: E402
import os  # noqa: E402
import time  # noqa: E402

# What petrel imports itself, and what handlers often do. A bundle that has one
# of these names for itself is started without the zygote's modules (shadowed).
USUAL = """asyncio base64 collections concurrent.futures csv dataclasses datetime
decimal email.message enum functools hashlib hmac html http.client inspect io
itertools json logging math mmap operator pathlib platform queue random re
runpy secrets shutil signal socket ssl statistics string struct subprocess
tempfile textwrap threading time traceback typing urllib.parse
urllib.request uuid zlib""".split()
PACKAGE = "petrel"


def untar(blob: bytes):
    """Names and bytes of the plain files of a tar file."""
    at = 0
    while at + 512 <= len(blob) and blob[at]:
        name = blob[at:at + 100].rstrip(b"\0").decode()
        size = int(blob[at + 124:at + 136].strip(b"\0 "), 8)
        if blob[at + 156:at + 157] in (b"0", b"\0"):
            yield name, blob[at + 512:at + 512 + size]
        at += 512 + (size + 511) // 512 * 512


class Sources:
    """The node's own petrel, compiled; a function's may be another one."""

    def __init__(self, blob: bytes):
        self.texts = dict(untar(blob))
        # Relative names: tracebacks find the lines by sys.path.
        self.codes = {name: compile(text, name, "exec", dont_inherit=True)
                      for name, text in self.texts.items()}


def load_package(sources: Sources) -> None:
    """In an order in which nothing is imported that is not there yet."""
    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            file = file_of(name)
            if file not in sources.codes:
                return None
            loader = Loader(sources.codes[file])
            return importlib.machinery.ModuleSpec(
                name, loader, is_package=name == PACKAGE)

    class Loader:
        def __init__(self, code):
            self.code = code

        def create_module(self, spec):
            return None

        def exec_module(self, module):
            exec(self.code, module.__dict__)

    finder = Finder()
    sys.meta_path.insert(0, finder)
    try:
        for file in sources.texts:
            importlib.import_module(name_of(file))
    finally:
        sys.meta_path.remove(finder)


def file_of(module: str) -> str:
    return PACKAGE + "/__init__.py" if module == PACKAGE \
        else module.replace(".", "/") + ".py"


def name_of(file: str) -> str:
    return PACKAGE if file.endswith("__init__.py") \
        else file[:-len(".py")].replace("/", ".")


class Library:
    """The calls of functions/sandbox/init/zygote.cpp."""

    def __init__(self, path: str):
        self.calls = ctypes.PyDLL(path)
        for name in ("argument", "variable"):
            self.call(name).restype = ctypes.c_char_p

    def call(self, name: str):
        return getattr(self.calls, "petrel_zygote_" + name)

    def texts(self, name: str) -> list:
        found = []
        while (text := self.call(name)(len(found))) is not None:
            found.append(os.fsdecode(text))
        return found


def set_environment(pairs: list) -> None:
    os.environ.clear()
    for pair in pairs:
        name, _, value = pair.partition("=")
        os.environ[name] = value
    if "TZ" in os.environ:
        time.tzset()


def new_path(base: list) -> list:
    """sys.path as `python3 -m` makes it; the first part that is not the
    system's, and the rest."""
    found = [os.getcwd()]
    wanted = os.environ.get("PYTHONPATH")
    for part in wanted.split(os.pathsep) if wanted else []:
        part = os.path.abspath(part)
        if part not in found[1:]:
            found.append(part)
    return found, [part for part in base if part not in found[1:]]


def shadowed(folders: list, loaded: set) -> bool:
    """Whether a folder of the function has a module of a name that is loaded."""
    standard = os.path.dirname(os.__file__)  # where those come from
    for folder in folders:
        if folder in (standard, os.path.join(standard, "lib-dynload")):
            continue
        try:
            names = os.listdir(folder)
        except NotADirectoryError:  # a zip file: who knows
            return True
        except OSError:
            continue
        if any(name.partition(".")[0] in loaded for name in names):
            return True
    return False


def adopt(sources: Sources) -> bool:
    """Gives the loaded petrel the place of the function's, when that is the same
    word for word."""
    found = importlib.machinery.PathFinder.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        return False
    folder = os.path.dirname(found.submodule_search_locations[0])
    for file, text in sources.texts.items():
        try:
            with open(os.path.join(folder, file), "rb") as there:
                if there.read() != text:
                    return False
        except OSError:
            return False
    for file in sources.texts:
        name = name_of(file)
        spec = importlib.util.spec_from_file_location(
            name, os.path.join(folder, file))
        module = sys.modules[name]
        module.__spec__, module.__loader__ = spec, spec.loader
        module.__file__, module.__cached__ = spec.origin, spec.cached
        if name == PACKAGE:
            module.__path__ = spec.submodule_search_locations
    return True


def run_as_main(sources: Sources, name: str, arguments: list) -> None:
    """What `python3 -m NAME ARGUMENTS` does."""
    spec = sys.modules[name].__spec__
    file = file_of(name)
    if name == PACKAGE:
        spec = sys.modules[PACKAGE + ".__main__"].__spec__
        file = PACKAGE + "/__main__.py"
    sys.argv[:] = [spec.origin, *arguments]
    main = sys.modules["__main__"]
    for left in set(main.__dict__) - {"__builtins__"}:
        del main.__dict__[left]
    main.__dict__.update(__name__="__main__", __file__=spec.origin,
                         __cached__=spec.cached, __doc__=None,
                         __loader__=spec.loader, __package__=spec.parent,
                         __spec__=spec, __annotations__={})
    try:
        exec(sources.codes[file], main.__dict__)
    except Exception as failure:
        own = failure.__traceback__
        sys.excepthook(type(failure), failure, own.tb_next if own else None)
        raise SystemExit(1) from None


def become(library: Library, sources: Sources, base: list,
           loaded: set) -> None:
    """In the program's process, confined: becomes the function."""
    library.call("child")()
    words, pairs = library.texts("argument"), library.texts("variable")
    set_environment(pairs)
    own, rest = new_path(base)
    sys.path[:] = own + rest
    handler = os.path.dirname(os.path.abspath(words[3].partition(":")[0]))
    if shadowed([*own, handler], loaded) or not adopt(sources):
        # As if there were no zygote, in the same sandbox.
        os.execve(sys.executable, words, dict(os.environ))
    sys.orig_argv[:] = words
    sys.dont_write_bytecode = False
    gc.enable()
    run_as_main(sources, words[2], words[3:])


def main() -> None:
    sys.dont_write_bytecode = True  # it could, as root
    library = Library("/proc/self/fd/4")
    with open(5, "rb") as package:
        sources = Sources(package.read())
    for name in USUAL:
        importlib.import_module(name)
    load_package(sources)
    base = list(sys.path)
    loaded = {name.partition(".")[0] for name in sys.modules}
    loaded -= {PACKAGE, "__main__"}
    os.close(4)
    gc.collect()
    gc.disable()
    gc.freeze()
    if not library.call("begin")():
        sys.exit("cannot give up what a zygote does not need")
    os.dup2(0, 2)  # what it printed until here is the node's
    os.write(3, b"R")
    if not library.call("next")():
        os._exit(0)
    # From here on in the first process of a sandbox.
    library.call("before")()
    program = os.fork()
    if program != 0:
        library.call("parent")(program)
    become(library, sources, base, loaded)


main()
