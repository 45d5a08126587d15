"""Events and what became of them, without a player."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools"))
from lab import play, scenario  # noqa: E402


def event(number, gateway):
    return scenario.Event(10.0 * number, "f", 1.0 + number, 100, 5.0, 7,
                          gateway)


EVENTS = [event(number, gateway) for number, gateway in
          enumerate((1, 0, 2, 1, 0, 1))]


class Events(unittest.TestCase):
    def test_each_gateway_gets_its_own(self):
        parts = play.by_gateway(EVENTS, 4)
        self.assertEqual([[number for number, _ in part] for part in parts],
                         [[1, 4], [0, 3, 5], [2], []])
        for part in parts:
            for number, one in part:
                self.assertIs(one, EVENTS[number])

    def test_one_port_gets_all(self):
        self.assertEqual(play.by_gateway(EVENTS, 1), [list(enumerate(EVENTS))])

    def test_a_player_s_line_is_of_the_event_that_it_sent(self):
        mine = play.by_gateway(EVENTS, 4)[1]
        row = {"id": "2", "sent_ms": "51", "latency_ms": "9", "queue_ms": "",
               "service_ms": "3", "cold_ms": "", "total_ms": "4",
               "status": "200", "site": "near/cpu", "call_id": "c"}
        made = play.record(row, mine)
        self.assertEqual((made["id"], made["at_ms"], made["size"]),
                         (5, 50.0, 6.0))
        self.assertEqual((made["site"], made["queue_ms"]), ("near", 0.0))
        text = play.events_text([one for _, one in mine]).splitlines()
        self.assertEqual(text[3], "50.000000,/function/f,6,100,5,7")

    def test_events_without_an_answer_are_records_too(self):
        row = {"id": "0", "sent_ms": "0", "latency_ms": "9", "queue_ms": "",
               "service_ms": "3", "cold_ms": "", "total_ms": "4",
               "status": "200", "site": "near/cpu", "call_id": "c"}
        records = [play.record(row, part) for part in
                   reversed(play.by_gateway(EVENTS, 3))]
        made = play.Play(None, EVENTS, 0)._complete(records)
        self.assertEqual([r["id"] for r in made], [0, 1, 2, 3, 4, 5])
        self.assertEqual([r["status"] for r in made],
                         [200, 200, 200, 599, 599, 599])


if __name__ == "__main__":
    unittest.main()
