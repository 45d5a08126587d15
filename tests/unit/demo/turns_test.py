"""Policies of the demo that take turns."""
import pathlib
import random
import sys
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools/demo"))
import turns  # noqa: E402


class Player:
    """Notes what it was given and when it had to be empty."""

    def __init__(self, name, notes):
        self.name, self.notes = name, notes

    def play(self, events, policy, begin, base, progress):
        assert policy == self.name
        self.notes.append((self.name, begin, [e.at for e in events]))
        progress(1.0)

    def drain(self, seconds):
        self.notes.append((self.name, "drained"))


def schedule(rng, seconds, count=200):
    return [types.SimpleNamespace(at=at) for at in
            sorted(rng.uniform(0, seconds) for _ in range(count))]


class Blocks(unittest.TestCase):
    def test_cover_the_phase_without_gap_or_overlap(self):
        for seconds in (1, 9, 10, 44.5, 45, 120):
            for first in (0, 4, 9, 60):
                for length in (3, 4, 50):
                    cuts = turns.blocks(seconds, first, length)
                    self.assertEqual(cuts[0][0], 0)
                    self.assertAlmostEqual(cuts[-1][1], seconds)
                    for before, after in zip(cuts, cuts[1:]):
                        self.assertEqual(before[1], after[0])

    def test_the_first_is_as_long_as_asked_and_the_others_about(self):
        cuts = turns.blocks(45, 9, 3)
        self.assertEqual(cuts[0], (0.0, 9))
        for begin, end in cuts[1:]:
            self.assertAlmostEqual(end - begin, 3, delta=0.5)


class Play(unittest.TestCase):
    SEED = 7

    def play(self, names, seconds=20):
        rng = random.Random(self.SEED)
        notes, progress = [], []
        schedules = {name: schedule(rng, seconds) for name in names}
        turns.play({name: Player(name, notes) for name in names}, schedules,
                   turns.blocks(seconds, 6, 3), 0.0, 1,
                   lambda name, part: progress.append(name))
        return schedules, notes, progress

    def test_each_event_is_played_once_and_in_order(self):
        schedules, notes, _ = self.play(["a", "b"])
        for name, events in schedules.items():
            played = [at for note in notes
                      if note[0] == name and note[1] != "drained"
                      for at in note[2]]
            self.assertEqual(played, [e.at for e in events],
                             f"seed {self.SEED}")

    def test_nothing_is_in_flight_when_the_turn_changes(self):
        _, notes, _ = self.play(["a", "b"])
        for before, after in zip(notes, notes[1:]):
            if after[0] != before[0]:
                self.assertEqual(before[1], "drained")

    def test_who_begins_changes_with_each_block(self):
        _, notes, _ = self.play(["a", "b"])
        starts = [note[0] for note in notes if note[1] != "drained"]
        self.assertEqual(starts[:6], ["a", "b", "b", "a", "a", "b"])

    def test_one_alone_is_not_interrupted(self):
        schedules, notes, progress = self.play(["a"])
        self.assertEqual(len(notes), 1)
        self.assertEqual(notes[0][2], [e.at for e in schedules["a"]])
        self.assertEqual(progress, ["a"])


if __name__ == "__main__":
    unittest.main()
