"""python3 -m unittest (needs the petrel package: README.md)"""
import unittest

import petrel.testing
from handler import handle


class Handler(unittest.TestCase):
    def test_greets_by_name(self):
        self.assertEqual(petrel.testing.call(handle, "Ada").text,
                         "Hello, Ada!\n")

    def test_greets_the_world_without_a_name(self):
        self.assertEqual(petrel.testing.call(handle).text, "Hello, world!\n")


if __name__ == "__main__":
    unittest.main()
