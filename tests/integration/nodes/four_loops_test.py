"""One node with four gateway loops: they feed one function, and nothing is lost
or counted twice."""
import http.client
import re
import threading
import unittest

from cluster import LIMIT, Scratch, request

CONNECTIONS = 16
CALLS = 60


class FourLoops(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.node = self.scratch.node("n1", gateway_loops=4)

    def metric(self, name, **labels):
        """Sum of the samples with these labels; values by label `loop`."""
        text = request(self.node.port, "GET", "/metrics").text
        total, loops = 0.0, {}
        for line in text.splitlines():
            match = re.fullmatch(name + r"\{(.*)\} (\S+)", line)
            if not match:
                continue
            found = dict(re.findall(r'(\w+)="([^"]*)"', match[1]))
            if all(found.get(k) == v for k, v in labels.items()):
                total += float(match[2])
                if "loop" in found:
                    loops[found["loop"]] = float(match[2])
        return total, loops

    def feed(self, function):
        """Distinct bodies on many connections; the answers that were wrong."""
        wrong = []

        def one(number):
            connection = http.client.HTTPConnection(
                "127.0.0.1", self.node.port, timeout=LIMIT)
            for call in range(CALLS):
                body = f"{number}-{call}"
                connection.request("POST", f"/function/{function}", body)
                answer = connection.getresponse()
                text = answer.read().decode()
                if answer.status != 200 or body not in text:
                    wrong.append((body, answer.status, text))
            connection.close()

        threads = [threading.Thread(target=one, args=(i,))
                   for i in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
            self.assertFalse(thread.is_alive())
        return wrong

    def test_every_event_of_every_loop_is_answered_once(self):
        for mode in ("threads", "inline"):
            with self.subTest(mode):
                name = f"hello-{mode}"
                self.node.deploy(name, "hello", mode=mode, concurrency=2)
                before = self.metric("petrel_gateway_accepted_total")[1]
                self.assertEqual(self.feed(name), [])
                done, _ = self.metric("petrel_function_events_total",
                                      function=name, outcome="ok")
                self.assertEqual(done, CONNECTIONS * CALLS)
                every, _ = self.metric("petrel_function_events_total",
                                       function=name)
                self.assertEqual(every, done)
                self.assertEqual(
                    self.metric("petrel_in_flight", function=name)[0], 0)
                after = self.metric("petrel_gateway_accepted_total")[1]
                self.assertEqual(len(after), 4)
                for loop, count in after.items():
                    self.assertGreater(count, before[loop])


if __name__ == "__main__":
    unittest.main()
