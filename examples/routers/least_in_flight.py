#!/usr/bin/python3
"""A router for Petrel's benchmark (docs/benchmark.md): the site with the fewest
own events under way per server, ties by lot. What `--policy jsq` does."""
import json
import random
import sys


def main():
    lots = random.Random(1)
    for line in sys.stdin:
        said = json.loads(line)
        if "hello" in said:
            lots.seed(said["hello"]["seed"])
        elif "choose" in said:
            asked = said["choose"]
            load = [site["in_flight"] / site["servers"]
                    for site in asked["sites"]]
            least = [site["site"] for site, of in zip(asked["sites"], load)
                     if of == min(load)]
            print(json.dumps({"id": asked["id"], "site": lots.choice(least)}),
                  flush=True)
        # "ended" tells what became of an event; this router does not learn.


if __name__ == "__main__":
    main()
