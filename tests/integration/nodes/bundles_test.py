"""Bundles of real nodes: uploads and pulls that are killed in the middle, bytes
that change on the disk, collection, quota, cache, builds by platform."""
import json
import os
import pathlib
import platform
import random
import socket
import subprocess
import time
import unittest

from cluster import (BUILD, FUNCTIONS, Scratch, bundle_of, free_port,
                     wait_until)

import hashlib

MIB = 1 << 20
CHUNK = 8 * MIB


def noise(size, seed):
    return random.Random(seed).randbytes(size)


def library(size=0, seed=1):
    """A bundle with the echoing test function and so many bytes of noise."""
    files = {"misbehave.so": (FUNCTIONS / "misbehave.so").read_bytes()}
    if size:
        files["model.bin"] = noise(size, seed)
    return bundle_of(files)


def sha(packed):
    return hashlib.sha256(packed).hexdigest()


def size_of(file):
    try:
        return file.stat().st_size if file.is_file() else 0
    except FileNotFoundError:
        return 0


def folder_of(node):
    return pathlib.Path(node.settings["node.data"]) / "bundles"


def packed_file(node, digest):
    return folder_of(node) / "packed" / digest[:2] / f"{digest}.tar.zst"


def make_old(node, digest):
    """As if nobody had asked for it for two hours."""
    then = time.time() - 7200
    os.utime(packed_file(node, digest), (then, then))


def flip(file, at):
    with open(file, "r+b") as f:
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ 1]))


def missing(node, *digests):
    answer = node.admin("POST", "/system/bundles/missing",
                        json.dumps({"bundles": list(digests)}))
    assert answer.status == 200, answer
    return {one["digest"][7:]: one["offset"]
            for one in answer.json["missing"]}


def patch(node, digest, offset, part, total):
    return node.admin("PATCH", f"/system/bundles/{digest}", part,
                      {"Upload-Offset": str(offset),
                       "Upload-Length": str(total)})


def finish(node, digest, packed):
    offset = missing(node, digest)[digest]
    while offset < len(packed):
        answer = patch(node, digest, offset, packed[offset:offset + CHUNK],
                       len(packed))
        assert answer.status in (200, 201), answer
        offset = answer.json["offset"]
    assert answer.status == 201, answer


def ready(node, name):
    return node.describe(name).get("availableReplicas")


def cli(node, *words, cwd=None, port=None, popen=False):
    environment = dict(
        os.environ, PETREL_GATEWAY=f"http://127.0.0.1:{port or node.port}",
        PETREL_TOKEN_FILE=str(pathlib.Path(node.settings["node.data"])
                              / "admin-token"))
    command = [str(BUILD.resolve() / "bin" / "faas-cli"), *words]
    options = dict(env=environment, cwd=cwd, text=True)
    if popen:
        return subprocess.Popen(command, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, **options)
    return subprocess.run(command, capture_output=True, timeout=120, **options)


class Uploads(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def test_an_upload_goes_on_after_kill_9(self):
        node = self.scratch.node("n1")
        packed = library(20 * MIB)
        digest, total = sha(packed), len(packed)
        answer = patch(node, digest, 0, packed[:CHUNK], total)
        self.assertEqual(answer.status, 200, answer)
        # Killed in the middle of the second chunk.
        with socket.create_connection(("127.0.0.1", node.port)) as s:
            s.sendall(f"PATCH /system/bundles/{digest} HTTP/1.1\r\nHost: h\r\n"
                      f"Authorization: Bearer {node.token}\r\n"
                      f"Upload-Offset: {CHUNK}\r\nUpload-Length: {total}\r\n"
                      f"Content-Length: {CHUNK}\r\n\r\n".encode())
            s.sendall(packed[CHUNK:CHUNK + 3 * MIB])
            wait_until("some of it comes", lambda:
                       missing(node, digest)[digest] > CHUNK)
            node.kill()
        self.assertFalse(packed_file(node, digest).exists())
        node.start()
        offset = missing(node, digest)[digest]
        self.assertGreaterEqual(offset, CHUNK)  # what was acknowledged
        self.assertLess(offset, CHUNK + 3 * MIB + 1)
        finish(node, digest, packed)
        self.assertEqual(missing(node, digest), {})
        node.deploy("f", packed=packed, artifact="misbehave.so")
        self.assertEqual(node.call("f", "x").status, 200)
        self.assertEqual(list((folder_of(node) / "incoming").iterdir()), [])

    def test_a_broken_connection_costs_nothing_that_came(self):
        node = self.scratch.node("n1")
        packed = library(4 * MIB)
        digest, total = sha(packed), len(packed)
        with socket.create_connection(("127.0.0.1", node.port)) as s:
            s.sendall(f"PATCH /system/bundles/{digest} HTTP/1.1\r\nHost: h\r\n"
                      f"Authorization: Bearer {node.token}\r\n"
                      f"Upload-Offset: 0\r\nUpload-Length: {total}\r\n"
                      f"Content-Length: {total}\r\n\r\n".encode())
            s.sendall(packed[:2 * MIB])
            wait_until("it comes", lambda:
                       missing(node, digest)[digest] >= MIB)
        wait_until("it may go on", lambda: patch(
            node, digest, missing(node, digest)[digest], b"", total).status
            == 200)
        self.assertGreaterEqual(missing(node, digest)[digest], MIB)
        finish(node, digest, packed)

    def test_the_command_line_goes_on_while_the_node_restarts(self):
        port = free_port()
        node = self.scratch.node("n1", gateway_port=port)
        slow = self.scratch.emulator(port, rtt=1, mbit=80)
        project = self.scratch.folder / "project"
        (project / "src").mkdir(parents=True)
        (project / "stack.yml").write_text(
            "functions:\n  f:\n    handler: ./src\n"
            "    petrel: {artifact: misbehave.so, mode: threads}\n")
        (project / "src/misbehave.so").write_bytes(
            (FUNCTIONS / "misbehave.so").read_bytes())
        (project / "src/model.bin").write_bytes(noise(25 * MIB, 3))
        packing = cli(node, "pack", "--json", cwd=project)
        self.assertEqual(packing.returncode, 0, packing.stderr)
        digest = json.loads(packing.stdout)[0]["digest"][7:]
        up = cli(node, "deploy", "--timeout", "60s", cwd=project,
                 port=slow.port, popen=True)
        try:
            wait_until("a chunk is there",
                       lambda: missing(node, digest).get(digest, 0) >= CHUNK)
            node.kill()
            node.start()
            said, _ = up.communicate(timeout=120)
        finally:
            if up.poll() is None:
                up.kill()
                up.wait()
        self.assertEqual(up.returncode, 0, said)
        self.assertIn("ready on n1", said)
        self.assertEqual(node.call("f", "x").status, 200)

    def test_two_that_upload_the_same_at_once_both_succeed(self):
        node = self.scratch.node("n1")
        project = self.scratch.folder / "project"
        (project / "src").mkdir(parents=True)
        (project / "stack.yml").write_text(
            "functions:\n  f:\n    handler: ./src\n"
            "    petrel: {artifact: misbehave.so, mode: threads}\n")
        (project / "src/misbehave.so").write_bytes(
            (FUNCTIONS / "misbehave.so").read_bytes())
        (project / "src/model.bin").write_bytes(noise(18 * MIB, 4))
        self.assertEqual(cli(node, "pack", cwd=project).returncode, 0)
        both = [cli(node, "deploy", "--no-wait", cwd=project, popen=True)
                for _ in range(2)]
        for one in both:
            said, _ = one.communicate(timeout=120)
            self.assertEqual(one.returncode, 0, said)
        wait_until("it serves", lambda: node.call("f", "x").status == 200)

    def test_a_wrong_digest_leaves_nothing(self):
        node = self.scratch.node("n1")
        packed = library()
        digest = "0" * 64
        answer = patch(node, digest, 0, packed, len(packed))
        self.assertEqual(answer.status, 422, answer)
        self.assertEqual(missing(node, digest), {digest: 0})
        self.assertEqual(list((folder_of(node) / "incoming").iterdir()), [])


class Damage(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def test_alone_it_says_what_to_do_and_comes_back_by_it(self):
        node = self.scratch.node("n1")
        packed = library(MIB)
        node.deploy("f", packed=packed, artifact="misbehave.so")
        digest = sha(packed)
        node.kill()
        flip(packed_file(node, digest), 700_000)
        node.start()
        wait_until("the reason is told", lambda: "has changed on the disk"
                   in node.reasons("f"))
        self.assertIn("faas-cli up", node.reasons("f"))
        self.assertTrue((folder_of(node) / "damaged"
                         / f"{digest}.tar.zst").exists())
        self.assertEqual(missing(node, digest), {digest: 0})
        node.upload(packed)
        wait_until("it serves again", lambda: node.call("f", "x").status
                   == 200)

    def test_another_node_gives_it_back_also_to_the_controller(self):
        edge, cloud = self.scratch.pair()
        packed = library(MIB)
        cloud.deploy("f", packed=packed, artifact="misbehave.so")
        digest = sha(packed)
        wait_until("both have it", lambda: ready(cloud, "f") == 2)
        cloud.set("link_port", cloud.link_port)
        cloud.kill()
        flip(packed_file(cloud, digest), 700_000)
        cloud.start()
        wait_until("both have it again", lambda: ready(cloud, "f") == 2)
        self.assertIn("has changed on the disk", cloud.output())
        self.assertEqual(sha(packed_file(cloud, digest).read_bytes()), digest)

    def test_a_damaged_copy_is_made_anew(self):
        node = self.scratch.node("n1")
        packed = library()
        node.deploy("f", packed=packed, artifact="misbehave.so")
        copy = folder_of(node) / "unpacked" / sha(packed) / "misbehave.so"
        node.kill()
        copy.chmod(0o644)
        flip(copy, 5000)
        node.start()
        wait_until("it serves", lambda: node.call("f", "x").status == 200)
        self.assertEqual(copy.read_bytes(),
                         (FUNCTIONS / "misbehave.so").read_bytes())


class Pulls(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def test_a_pull_goes_on_after_kill_9(self):
        edge, cloud, link = self.scratch.pair(emulated=True)
        packed = library(20 * MIB)
        digest = sha(packed)
        cloud.deploy("f", packed=packed, artifact="misbehave.so", wait=False,
                     needs={"tiers": ["edge"]})
        log = folder_of(edge) / "incoming" / f"{digest}.log"
        wait_until("part of it is safe", lambda: log.exists()
                   and log.read_text().count("\n") >= 2)
        edge.kill()
        edge.start()
        wait_until("it serves", lambda: cloud.call("f", "x").status == 200)
        self.assertRegex(edge.output(), r"going on after \d{7,} of \d+ bytes")
        self.assertEqual(sha(packed_file(edge, digest).read_bytes()), digest)
        self.assertFalse(log.exists())

    def test_a_node_gets_from_another_what_the_controller_lost(self):
        edge, cloud = self.scratch.pair()
        third = self.scratch.node("edge-2", join=cloud.join_token(),
                                  node_tier="far")
        packed = library(MIB)
        digest = sha(packed)
        cloud.deploy("f", packed=packed, artifact="misbehave.so",
                     needs={"tiers": ["far"]})
        packed_file(cloud, digest).unlink()  # lost by the controller
        # A second function of the same bundle, on the controller itself.
        answer = cloud.post("g", digest, artifact="misbehave.so",
                            needs={"tiers": ["cloud"]})
        self.assertEqual(answer.status, 422, answer)  # not here
        digest2, _ = cloud.upload(packed)
        cloud.post("g", digest, artifact="misbehave.so",
                   needs={"tiers": ["cloud"]})
        wait_until("g serves", lambda: cloud.call("g", "x").status == 200)
        cloud.set("link_port", cloud.link_port)
        cloud.kill()
        packed_file(cloud, digest).unlink()
        cloud.start()
        wait_until("g serves again", lambda: cloud.call("g", "x").status
                   == 200)
        self.assertTrue(packed_file(cloud, digest).exists())
        self.assertFalse(packed_file(edge, digest).exists())
        self.assertFalse(third.ended())


class Collection(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def test_what_nothing_needs_is_removed_and_all_else_told(self):
        node = self.scratch.node("n1")
        bundles = [library(1000, seed) for seed in range(7)]
        for n, packed in enumerate(bundles):
            node.deploy("f", packed=packed, artifact="misbehave.so",
                        update=n > 0, wait=False)
        digests = [sha(packed) for packed in bundles]
        orphan, _ = node.upload(library(1000, 99))
        made = json.loads(cli(node, "bundles", "list", "--json").stdout)
        rows = {row["digest"][7:]: row for row in made["bundles"]}
        self.assertEqual(rows[orphan]["fate"], "recent")
        self.assertIn("current version of f", rows[digests[6]]["because"])
        self.assertIn("rollback target of f", rows[digests[3]]["because"])
        self.assertEqual(rows[digests[6]]["users"], ["f:7"])
        for digest in [*digests, orphan]:
            make_old(node, digest)
        dry = cli(node, "bundles", "gc", "--dry-run", "--json")
        dry = json.loads(dry.stdout)
        self.assertEqual([row["digest"][7:] for row in dry["bundles"]
                          if row["removed"]], [orphan])
        self.assertTrue(packed_file(node, orphan).exists())
        done = cli(node, "bundles", "gc")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(orphan[:12], done.stdout)
        self.assertFalse(packed_file(node, orphan).exists())
        for digest in digests:  # a version that is kept can be gone back to
            self.assertTrue(packed_file(node, digest).exists())
        body = json.dumps({"functionName": "f"})
        self.assertEqual(node.admin("DELETE", "/system/functions",
                                    body).status, 202)
        wait_until("it has drained", lambda: not node.describe("f"))

        def all_gone():
            for digest in digests:
                if packed_file(node, digest).exists():
                    make_old(node, digest)
            cli(node, "bundles", "gc")
            return not any(packed_file(node, d).exists() for d in digests)
        wait_until("its bundles are gone", all_gone)
        self.assertEqual(list((folder_of(node) / "unpacked").iterdir()), [])

    def test_an_upload_over_the_quota_collects_or_says_what_to_do(self):
        node = self.scratch.node("n1", bundles_quota=6)
        first = library(2 * MIB, 1)
        node.deploy("f", packed=first, artifact="misbehave.so")
        second = library(3 * MIB, 2)
        digest, answer = node.upload(second)
        self.assertEqual(answer.status, 507, answer)
        for word in ("bundles.quota", "faas-cli bundles list"):
            self.assertIn(word, answer.text)
        answer = patch(node, digest, 0, second[:MIB], len(second))
        self.assertEqual(answer.status, 507, answer)
        self.assertEqual(missing(node, digest), {digest: 0})
        self.assertEqual(node.call("f", "x").status, 200)
        node.admin("DELETE", "/system/functions",
                   json.dumps({"functionName": "f"}))

        def fits():
            if packed_file(node, sha(first)).exists():
                make_old(node, sha(first))
            return node.upload(second)[1].status == 201
        wait_until("there is room", fits)
        self.assertFalse(packed_file(node, sha(first)).exists())

    def test_a_node_s_cache_stays_within_its_bound(self):
        edge, cloud = self.scratch.pair(edge={"bundles_cache": 7})
        needs = {"tiers": ["edge"]}
        bundles = {name: library(2 * MIB, seed)
                   for seed, name in enumerate("fgh")}
        for name, packed in bundles.items():
            cloud.deploy(name, packed=packed, artifact="misbehave.so",
                         needs=needs, wait=False)
            if name == "f":
                wait_until("f serves", lambda: cloud.call("f", "x").status
                           == 200)
                cloud.admin("DELETE", "/system/functions",
                            json.dumps({"functionName": "f"}))
                wait_until("f has left", lambda: not cloud.describe("f"))
        # g fits beside nothing else; h does not fit beside g.
        wait_until("f made way", lambda: not packed_file(
            edge, sha(bundles["f"])).exists())
        wait_until("one of them cannot be had", lambda: "bundles.cache" in
                   cloud.reasons("g") + cloud.reasons("h"))
        wait_until("the other one serves", lambda: [
            n for n in "gh" if cloud.call(n, "x").status == 200])
        # What made way goes file by file.
        wait_until("the cache is within its bound", lambda: sum(
            size_of(f) for f in folder_of(edge).rglob("*")
            if "unpacking" not in f.parts) < 7 * MIB)


class Platforms(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def builds(self, node, *arches):
        made = []
        for seed, arch in enumerate(arches):
            digest, answer = node.upload(library(1000, seed))
            assert answer.status in (200, 201), answer
            made.append({"arch": arch, "bundle": f"sha256:{digest}"})
        return made

    def test_a_node_takes_the_build_for_its_platform(self):
        node = self.scratch.node("n1")
        mine = platform.machine()
        other = "aarch64" if mine == "x86_64" else "x86_64"
        labels = node.nodes()["n1"]["labels"]
        self.assertEqual(labels["petrel.arch"], mine)
        self.assertEqual(labels["petrel.os"], "linux")
        builds = self.builds(node, other, mine)
        answer = node.post("f", builds[0]["bundle"][7:],
                           artifact="misbehave.so", platforms=builds)
        self.assertEqual(answer.status, 202, answer)
        wait_until("it serves", lambda: node.call("f", "x").status == 200)
        unpacked = [p.name for p in (folder_of(node) / "unpacked").iterdir()]
        self.assertEqual(unpacked, [builds[1]["bundle"][7:]])
        rows = json.loads(cli(node, "bundles", "list", "--json").stdout)
        for row in rows["bundles"]:
            self.assertIn("current version of f", row["because"])

    def test_a_node_without_a_build_is_no_candidate_and_says_so(self):
        node = self.scratch.node("n1")
        mine = platform.machine()
        other = "aarch64" if mine == "x86_64" else "x86_64"
        builds = self.builds(node, other)
        node.post("f", builds[0]["bundle"][7:], artifact="misbehave.so",
                  platforms=builds)
        wait_until("describe says so", lambda:
                   "not a candidate: no build for linux/" + mine
                   in node.reasons("f"))
        rows = wait_until("sites says so", lambda: node.sites("f"))
        self.assertFalse(rows["n1/cpu"]["candidate"])
        self.assertIn("no build for", rows["n1/cpu"]["why_not"])
        answer = node.call("f", "x")
        self.assertEqual(answer.status, 503)
        self.assertIn("no build for", answer.text)
        # An index that names no bundle is no index.
        answer = node.post("g", builds[0]["bundle"][7:],
                           artifact="misbehave.so",
                           platforms=[{"arch": mine}])
        self.assertEqual(answer.status, 400, answer)
        answer = node.post("g", builds[0]["bundle"][7:],
                           artifact="misbehave.so",
                           platforms=[{"arch": mine, "bundle": "0" * 64}])
        self.assertEqual(answer.status, 422, answer)

    def test_the_command_line_packs_every_platform(self):
        node = self.scratch.node("n1")
        mine = platform.machine()
        other = "aarch64" if mine == "x86_64" else "x86_64"
        project = self.scratch.folder / "project"
        for folder in ("src", "foreign"):
            (project / folder).mkdir(parents=True)
            (project / folder / "misbehave.so").write_bytes(
                (FUNCTIONS / "misbehave.so").read_bytes())
        (project / "foreign/note").write_text("built elsewhere")
        (project / "stack.yml").write_text(
            "functions:\n  f:\n    handler: ./src\n    petrel:\n"
            "      artifact: misbehave.so\n      mode: threads\n"
            "      platforms:\n"
            f"        - {{arch: {mine}}}\n"
            f"        - {{arch: {other}, folder: ./foreign}}\n")
        done = cli(node, "up", "--timeout", "60s", cwd=project)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue((project / f".petrel/f-{other}.tar.zst").exists())
        self.assertEqual(node.call("f", "x").status, 200)
        self.assertEqual(len(list((folder_of(node) / "packed")
                                  .glob("*/*"))), 2)
        again = cli(node, "deploy", cwd=project)
        self.assertIn("unchanged", again.stdout, again.stderr)


if __name__ == "__main__":
    unittest.main()
