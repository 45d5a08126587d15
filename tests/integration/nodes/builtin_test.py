"""Builtin functions from stack.yml to the answer: `artifact: builtin/NAME`."""
import io
import os
import pathlib
import struct
import subprocess
import tarfile
import unittest
import zlib

from cluster import BUILD, LIMIT, Scratch, request

CLI = BUILD.resolve() / "bin" / "faas-cli"

STACK = r'''
functions:
  map:
    environment:
      WHERE: /level >= 3 and /site == "north"
      SELECT: "id: /id, what: /event/name"
    petrel: {artifact: builtin/json-map}
  picture:
    environment: {WIDTH: "2", HEIGHT: "1", MEAN: "0.5", STD: "0.5"}
    petrel: {artifact: builtin/image-tensor}
  tensor:
    petrel: {artifact: builtin/tensor-json, mode: threads}
  window:
    handler: ./notes
    environment: {SIZE: "2", VALUE: /v, KEY: /k}
    petrel: {artifact: builtin/window}
  frames:
    environment: {FRAME: "2", HOP: "1"}
    petrel: {artifact: builtin/audio-frames}
'''


def png(width, height, rows):
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Builtins(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()
        cls.addClassCleanup(cls.scratch.close)
        cls.node = cls.scratch.node("n1")
        cls.project = cls.scratch.folder / "project"
        (cls.project / "notes").mkdir(parents=True)
        (cls.project / "notes" / "about.txt").write_text("beside it")
        (cls.project / "stack.yml").write_text(STACK)
        done = cls.cli("up", "--timeout", "60s")
        assert done.returncode == 0, done.stdout + done.stderr

    @classmethod
    def cli(cls, *words, **more):
        environment = {
            **os.environ, "PETREL_GATEWAY": f"http://127.0.0.1:{cls.node.port}",
            "PETREL_TOKEN_FILE": str(pathlib.Path(
                cls.node.settings["node.data"]) / "admin-token"), **more}
        return subprocess.run([str(CLI), *words], cwd=cls.project, text=True,
                              capture_output=True, timeout=2 * LIMIT,
                              env=environment)

    def ask(self, function, body, kind="application/json", **headers):
        return request(self.node.port, "POST", f"/function/{function}", body,
                       {"Content-Type": kind, **headers})

    def test_json_map(self):
        good = '{"level": 4, "site": "north", "id": 7, "event": {"name": "on"}}'
        answer = self.ask("map", good)
        self.assertEqual((answer.status, answer.json),
                         (200, {"id": 7, "what": "on"}))
        self.assertEqual(self.ask("map", '{"level": 1}').status, 204)
        self.assertEqual(self.ask("map", f"[{good}, 1]").json,
                         [{"id": 7, "what": "on"}])
        answer = self.ask("map", good + "\n{}\n", "application/x-ndjson")
        self.assertEqual(answer.text, '{"id":7,"what":"on"}\n')
        for wrong in ('{"level": NaN}', "[" * 1_000_000, ""):
            answer = self.ask("map", wrong)
            self.assertEqual(answer.status, 400, answer)

    def test_image_tensor(self):
        answer = self.ask("picture", png(1, 1, b"\0\xff\xff\0"), "image/png")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["x-tensor-shape"], "3,1,2")
        self.assertEqual(struct.unpack("6f", answer.body), (1, 1, 1, 1, -1, -1))
        damaged = self.ask("picture", png(9, 9, b"\0\1"), "image/png")
        self.assertEqual(damaged.status, 400, damaged)
        self.assertIn("damaged", damaged.text)
        huge = self.ask("picture", png(50_000, 50_000, b""), "image/png")
        self.assertEqual(huge.status, 413, huge)
        self.assertEqual(self.ask("picture", "a text").status, 400)

    def test_tensor_json_both_ways(self):
        raw = struct.pack("<4q", 1, -2, 3, 4)
        answer = self.ask("tensor", raw, "application/octet-stream", **{
            "X-Tensor-Datatype": "INT64", "X-Tensor-Shape": "2,2"})
        self.assertEqual(answer.json, {"datatype": "INT64", "shape": [2, 2],
                                       "data": [1, -2, 3, 4]})
        back = self.ask("tensor", answer.body)
        self.assertEqual(back.body, raw)
        self.assertEqual(back.headers["x-tensor-shape"], "2,2")

    def test_window_keeps_its_state_between_events(self):
        self.assertEqual(self.ask("window", '{"v": 1, "k": "a"}').status, 204)
        self.assertEqual(self.ask("window", '{"v": 9, "k": "b"}').status, 204)
        self.assertEqual(self.ask("window", '{"v": 3, "k": "a"}').json,
                         [{"key": "a", "count": 2, "sum": 4, "min": 1, "max": 3,
                           "mean": 2}])

    def test_audio_frames(self):
        answer = self.ask("frames", struct.pack("<3h", 0, 16384, -32768),
                          "audio/L16")
        self.assertEqual(answer.headers["x-tensor-shape"], "2,2")
        self.assertEqual(struct.unpack("4f", answer.body), (0, 0.5, 0.5, -1))

    def test_a_bundle_holds_the_function(self):
        packed = self.project / ".petrel" / "window.tar.zst"
        tar = subprocess.run(["zstd", "-dc", packed], capture_output=True,
                             check=True, timeout=LIMIT).stdout
        with tarfile.open(fileobj=io.BytesIO(tar)) as bundle:
            self.assertEqual(sorted(bundle.getnames()),
                             ["about.txt", "builtin/window"])

    def test_a_wrong_setting_is_told_at_deploy(self):
        self.check_refused("builtin/json-map", "environment: {WHERE: level}",
                           "WHERE, at character 1")

    def test_an_unknown_one_names_those_there_are(self):
        self.check_refused("builtin/xml-map", "", "json-map, tensor-json")
        self.check_refused("builtin/json-map", "", "set PETREL_BUILTINS",
                           PETREL_BUILTINS="/nowhere")

    def check_refused(self, artifact, more, reason, **environment):
        other = self.project / "other.yml"
        other.write_text(f"functions:\n  other:\n    labels: {{}}\n    {more}\n"
                         f"    petrel: {{artifact: {artifact}}}\n")
        done = self.cli("up", "-f", str(other), "--timeout", "60s", **environment)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn(reason, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
