"""Handlers that are generators: answers in parts."""
import pathlib
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "src"))

import petrel  # noqa: E402
import petrel.testing  # noqa: E402
from program import Program  # noqa: E402

SENT, KEPT, STOP = 0, 1, 2
ANSWER, FAILURE, PART = 17, 18, 20

GENERATORS = {
    "sync": """
import petrel
@petrel.function
def f(event):
    try:
        for i in range(int(event.body.decode() or 3)):
            yield f"part {i};"
    finally:
        event.log.info("over")
""",
    "async": """
import asyncio, petrel
@petrel.function
async def f(event):
    try:
        for i in range(int(event.body.decode() or 3)):
            await asyncio.sleep(0)
            yield f"part {i};"
    finally:
        event.log.info("over")
"""}


class InParts(unittest.TestCase):
    """Handlers that are generators."""

    def each(self, **how):
        for name, source in GENERATORS.items():
            with self.subTest(name):
                program = Program(source, **how)
                self.addCleanup(program.close)
                program.frame()
                yield program

    def test_what_it_yields_is_sent_at_once(self):
        for program in self.each():
            for number in (1, 2):
                program.call(number)
                for i in range(3):
                    kind, call, payload = program.frame()
                    self.assertEqual((kind, call), (PART, number))
                    self.assertTrue(payload.endswith(b"part %d;" % i))
                    self.assertIn(b"text/plain", payload)
                    program.taken(number, SENT)
                self.assertEqual(program.frame()[0], 19)
                kind, call, payload = program.frame()
                self.assertEqual((kind, call), (ANSWER, number))
                self.assertEqual(payload[8:16], bytes(8))
            self.assertEqual(program.end(), (0, ""))

    def test_it_waits_until_a_part_is_taken(self):
        for program in self.each():
            program.call(1)
            self.assertEqual(program.frame()[0], PART)
            program.link.settimeout(0.2)
            with self.assertRaises(TimeoutError):
                program.frame()

    def test_wanted_whole_it_is_gathered(self):
        for program in self.each():
            program.call(1)
            self.assertEqual(program.frame()[0], PART)
            program.taken(1, KEPT)
            self.assertEqual(program.frame()[0], 19)
            kind, _, payload = program.frame()
            self.assertEqual(kind, ANSWER)
            self.assertTrue(payload.endswith(b"part 0;part 1;part 2;"))

    def test_older_nodes_get_it_whole(self):
        for program in self.each(features=b""):
            program.call(1)
            self.assertEqual(program.frame()[0], 19)
            kind, _, payload = program.frame()
            self.assertEqual(kind, ANSWER)
            self.assertTrue(payload.endswith(b"part 0;part 1;part 2;"))

    def test_it_is_closed_when_nobody_waits(self):
        for program in self.each():
            program.call(1, b"1000000000")
            self.assertEqual(program.frame()[0], PART)
            program.taken(1, STOP)
            self.assertEqual([program.frame()[0] for _ in range(2)],
                             [19, FAILURE])
            program.call(2)  # it goes on
            self.assertEqual(program.frame()[:2], (PART, 2))

    def test_cancelled_between_parts(self):
        for program in self.each():
            program.call(1, b"1000000000")
            self.assertEqual(program.frame()[0], PART)
            program.send(3, 1, b"")
            program.taken(1, STOP)
            self.assertEqual([program.frame()[0] for _ in range(2)],
                             [19, FAILURE])

    def test_a_large_part_goes_in_pieces(self):
        program = Program("import petrel\n@petrel.function\ndef f(event):\n"
                          "    yield b'x' * 150_000\n")
        self.addCleanup(program.close)
        program.frame()
        program.call(1)
        sizes = []
        while True:
            kind, _, payload = program.frame()
            if kind != PART:
                break
            sizes.append(struct.unpack_from("<HHIQ", payload)[3])
            program.taken(1, SENT)
        self.assertEqual(sizes, [65536, 65536, 150_000 - 2 * 65536])

    def test_what_is_no_part_is_told(self):
        for value, said in (("{'a': 1}", b"must be bytes or str, not dict"),
                            ("1 / 0", b"division by zero")):
            program = Program("import petrel\n@petrel.function\n"
                              f"def f(event):\n    yield {value}\n")
            self.addCleanup(program.close)
            program.frame()
            program.call(1)
            self.assertEqual(program.frame()[0], 19)
            kind, _, payload = program.frame()
            self.assertEqual(kind, FAILURE)
            self.assertIn(said, payload)

    def test_a_response_with_status_and_type(self):
        def handle(event):
            return petrel.Response((f"data: {i}\n\n" for i in range(2)),
                                   status=201,
                                   content_type="text/event-stream")
        answer = petrel.testing.call(handle)
        self.assertEqual((answer.status, answer.content_type, answer.parts),
                         (201, "text/event-stream",
                          [b"data: 0\n\n", b"data: 1\n\n"]))


if __name__ == "__main__":
    unittest.main()
