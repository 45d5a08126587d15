"""Children of the demo and of the lab end with the program that made them."""
import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools/demo"))
import cluster  # noqa: E402


class Ending(unittest.TestCase):
    def test_a_child_ends_whose_parent_is_gone_before_it_asked(self):
        """Killed between fork and prctl: no signal would come any more."""
        told, tell = os.pipe()
        wait, go_on = os.pipe()
        output, out = os.pipe()
        parent = os.fork()
        if parent == 0:
            os.close(go_on)
            ask = cluster.die_with_parent()

            def late():
                os.write(tell, b"forked")
                os.read(wait, 1)  # until the parent is gone
                ask()
            subprocess.Popen(["echo", "ran"], stdout=out, preexec_fn=late)
            os._exit(1)
        self.assertEqual(os.read(told, 6), b"forked")
        os.kill(parent, signal.SIGKILL)
        os.waitpid(parent, 0)
        os.close(out)
        os.close(go_on)
        with open(output, "rb") as ended:
            self.assertEqual(ended.read(), b"")
        for end in (told, tell, wait):
            os.close(end)


if __name__ == "__main__":
    unittest.main()
