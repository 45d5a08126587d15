"""Calls of faas-sim, two at a time."""
import concurrent.futures
import json
import os
import subprocess

# Ways that know the world: rows of each answer, no rivals of anybody.
REFERENCES = ["clairvoyant", "informed", "farsighted"]


class Simulator:
    def __init__(self, program):
        self.program = str(program)

    def catalog(self):
        return json.loads(self._call("policies", "--json"))

    def play(self, scenario, policies, seeds, first_seed, window_ms=1000):
        """Everything that faas-sim tells of these policies on that file."""
        return json.loads(self._call(
            "run", str(scenario),
            *(word for one in policies for word in ("--policy", one)),
            "--seeds", str(seeds), "--seed", str(first_seed), "--window", str(window_ms),
            "--json"))

    def play_all(self, jobs, say=None):
        """`jobs`: arguments of play(), by key. Answers by key."""
        done = {}
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            running = {pool.submit(self.play, *job): key
                       for key, job in jobs.items()}
            for one in concurrent.futures.as_completed(running):
                done[running[one]] = one.result()
                if say:
                    say(f"{len(done)} of {len(jobs)}: {running[one]}")
        return done

    def _call(self, *words):
        done = subprocess.run([self.program, *words], capture_output=True,
                              text=True, timeout=3600, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
        return done.stdout


def runs_of(answer, policy):
    for one in answer["policies"]:
        if one["policy"] == policy:
            return one["runs"]
    raise KeyError(policy)


def windows_of(answer, policy):
    for one in answer["policies"]:
        if one["policy"] == policy:
            return one["windows"]
    raise KeyError(policy)
