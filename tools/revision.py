"""Which sources a measurement is of, for the pages and files of docs/results."""
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]


def revision(root=ROOT):
    """`git describe --always`, with `-dirty` where tracked files differ from it;
    those of docs/results do not count, since experiments write them. "unknown"
    without git or outside a clone."""
    name = _git(root, "describe", "--always")
    if not name:
        return "unknown"
    changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--",
                   ".", ":(exclude)docs/results")
    return name + ("-dirty" if changed else "")


def stamp(root=ROOT):
    """Revision and date. Taken before a measurement, so that what is changed
    while it runs is not meant."""
    return {"revision": revision(root), "at": time.strftime("%F")}


def words(found):
    """The stamp in `found`, for a sentence of a page."""
    return f"revision {found['revision']}, {found['at']}"


def _git(root, *arguments):
    try:
        done = subprocess.run(["git", *arguments], cwd=root, text=True,
                              capture_output=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
