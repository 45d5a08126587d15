"""The program faas-node itself: what it prints and how it refuses."""
import subprocess
import unittest

from cluster import BUILD, SOURCE, Scratch


def run(*arguments):
    return subprocess.run([str(BUILD / "bin" / "faas-node"), *arguments],
                          capture_output=True, text=True, timeout=60)


class Program(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def test_the_reference_is_the_file_in_docs(self):
        printed = run("--config-reference")
        self.assertEqual(printed.returncode, 0)
        self.assertEqual(printed.stdout,
                         (SOURCE / "docs/configuration.md").read_text())

    def test_dumped_settings_read_back(self):
        odd = "node.data=/tmp/it's \"odd\""
        first = run("--dev", "--set", odd, "--set", "gateway.port=1234",
                    "--dump-config")
        self.assertEqual(first.returncode, 0, first.stderr)
        file = self.scratch.folder / "node.yml"
        file.write_text(first.stdout)
        again = run("--config", str(file), "--dump-config")
        self.assertEqual(again.stdout, first.stdout, again.stderr)

    def test_a_list_may_be_set_in_one_word(self):
        shown = run("--dev", "--set", "node.labels=camera=yes,hall=3",
                    "--set", "link.join=a:1,b:2", "--dump-config")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("node.labels: 'camera=yes,hall=3'", shown.stdout)
        self.assertIn("link.join: 'a:1,b:2'", shown.stdout)

    def test_wrong_usage_is_exit_2_with_a_hint(self):
        for arguments, word in ((("--nonsense",), "nonsense"),
                                (("stray",), "stray"),
                                (("--set", "gatway.port=1"), "gateway.port"),
                                (("--set", "gateway.port=x"), "gateway.port"),
                                (("--config", "/nowhere"), "/nowhere"),
                                (("--log-level", "loud"), "loud")):
            done = run(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(word, done.stderr)

    def test_help_and_version(self):
        self.assertIn("--dev", run("--help").stdout)
        self.assertRegex(run("--version").stdout, r"faas-node \d")

    def test_the_banner_says_what_a_person_wants_to_know(self):
        node = self.scratch.node("n1", link_listen=True, link_port=0)
        for word in ("node n1", "tier edge", "http://127.0.0.1:", "links",
                     str(self.scratch.folder / "n1"), "admin-token",
                     "executors", "take it down"):
            self.assertIn(word, node.output())
        token = self.scratch.folder / "n1" / "admin-token"
        self.assertEqual(token.stat().st_mode & 0o777, 0o600)


if __name__ == "__main__":
    unittest.main()
