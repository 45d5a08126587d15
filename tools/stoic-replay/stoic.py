"""STOIC on its own data: runs stoic-replay, makes page and plot."""
import hashlib
import json
import pathlib
import subprocess

import nodes
import revision
import stoic_page

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "examples/data/stoic"
DRAWS, FIRST_DRAW = 100, 1001  # held out: tuning used seeds below 1000


def replay(program, *words):
    done = subprocess.run([str(program), *map(str, words)],
                          capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr.strip() or f"{program} failed")
    return json.loads(done.stdout)


def digests():
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(DATA.glob("*.csv"))}


def run(options, say):
    """Writes stoic.json, stoic.md and stoic.svg to options.out."""
    program, draws = (pathlib.Path(options.programs) / name
                      for name in ("stoic-replay", "stoic-draws"))
    for needed in (program, draws):
        if not needed.exists():
            raise SystemExit(f"{needed} is not there: build it, or name its "
                             "folder with --programs")
    stamp = revision.stamp()
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    say(f"synthetic: {DRAWS} draws, seeds from {FIRST_DRAW}")
    synthetic = replay(program, "synthetic", DATA, "--seed", FIRST_DRAW,
                       "--draws", DRAWS)
    say(f"published: seed {options.seed}")
    published = replay(program, "published", DATA, "--seed", options.seed)
    found = {**stamp, "sha256": digests(),
             "published": published, "synthetic": synthetic,
             "nodes": nodes.play(draws, DATA)}
    (out / "stoic.json").write_text(json.dumps(found, indent=1) + "\n")
    (out / "stoic.md").write_text(stoic_page.markdown(found))
    (out / "stoic.svg").write_text(stoic_page.plot(found))
    for line in stoic_page.verdicts(found):
        say(line)
    return True
