"""Regret against an oracle by shadow runs."""
import pathlib
import sys
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools/demo"))
import shadow  # noqa: E402


def event(at, **other):
    facts = {"by": "http", "alone": True, "status": 200, "site": "edge",
             "images": 1, "at": at}
    return types.SimpleNamespace(**{**facts, **other})


class Sender:
    """Answers at once; notes what it was given."""

    def __init__(self, broken=()):
        self.sent, self.broken = [], broken

    def send(self, one, function, done):
        self.sent.append((one.at, function))
        one.status = 502 if function in self.broken else 200
        done(one)


class Sample(unittest.TestCase):
    def test_only_events_that_were_alone_and_say_where_they_ran(self):
        good = event(5.0)
        all_of_them = [event(0.5), event(4.0, by="mqtt"), good,
                       event(6.0, alone=False), event(7.0, status=503),
                       event(8.0, site="")]
        self.assertEqual(shadow.sample(all_of_them, 10, 1.0), [good])

    def test_is_spread_over_the_time(self):
        picked = [e.at for e in
                  shadow.sample([event(at) for at in range(100)], 4, 0)]
        self.assertEqual(picked, [12, 37, 62, 87])


class Run(unittest.TestCase):
    SITES = {"edge": "f-edge", "cloud": "f-cloud"}

    def test_each_event_runs_at_each_site_in_turn_about(self):
        sender = Sender()
        rows = shadow.run(sender, [event(1.0), event(2.0)], self.SITES)
        self.assertEqual([f for at, f in sender.sent if at == 1.0],
                         ["f-edge", "f-cloud", "f-cloud", "f-edge"])
        self.assertEqual([f for at, f in sender.sent if at == 2.0],
                         ["f-cloud", "f-edge", "f-edge", "f-cloud"])
        self.assertEqual([set(row["ms"]) for row in rows],
                         [{"edge", "cloud"}] * 2)

    def test_an_event_that_a_site_did_not_answer_is_no_row(self):
        self.assertEqual(
            shadow.run(Sender(broken=["f-cloud"]), [event(1.0)], self.SITES),
            [])

    def test_the_event_itself_is_as_it_was(self):
        one = event(1.0)
        shadow.run(Sender(broken=["f-cloud"]), [one], self.SITES)
        self.assertEqual(one.status, 200)


class Figures(unittest.TestCase):
    def test_regret_is_over_the_faster_site_of_each_event(self):
        rows = [{"chosen": "edge", "ms": {"edge": 10, "cloud": 40}},
                {"chosen": "edge", "ms": {"edge": 50, "cloud": 30}}]
        self.assertEqual(shadow.figures(rows),
                         {"events": 2, "agree": 0.5, "oracle_ms": 20,
                          "regret_ms": 10, "worst_site_ms": 45})

    def test_without_rows_there_are_none(self):
        self.assertIsNone(shadow.figures([]))


if __name__ == "__main__":
    unittest.main()
