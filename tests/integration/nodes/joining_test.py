"""Nodes that join by token, and everybody who must not get in."""
import json
import os
import pathlib
import re
import socket
import stat
import subprocess
import threading
import time
import unittest

from cluster import BUILD, Scratch, free_port, wait_until


def listeners(pid):
    """TCP ports on which a process listens, from /proc."""
    inodes = set()
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text() \
                .splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:  # LISTEN
                ports.add(int(fields[1].rsplit(":", 1)[1], 16))
    return ports


def unix_paths(pid):
    """Names of unix sockets in the file system, of all processes."""
    lines = pathlib.Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]
    return [line.split()[7] for line in lines if len(line.split()) > 7]


def join(folder, token, *settings):
    """`faas-node join` without a start: (exit status, all output)."""
    command = [str(BUILD / "bin" / "faas-node"), "join", token, "--no-start",
               "--data", str(folder)]
    for setting in settings:
        command += ["--set", setting]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


class Joining(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)

    def cloud(self, name="cloud-1", **settings):
        return self.scratch.node(name, node_tier="cloud", link_listen=True,
                                 link_port=0, **settings)

    def alive(self, cloud, name):
        return cloud.nodes().get(name, {}).get("state") == "alive"

    def test_one_command_joins_and_a_plain_start_comes_back(self):
        cloud = self.cloud()
        edge = self.scratch.node("edge-1", join=cloud.join_token(tier="edge"))
        wait_until("it is there", lambda: self.alive(cloud, "edge-1"))
        self.assertEqual(cloud.nodes()["edge-1"]["tier"], "edge")
        for name in ("identity.json",):
            file = self.scratch.folder / "edge-1" / "trust" / name
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        self.assertEqual(edge.terminate(), 0, edge.output())
        wait_until("it is gone", lambda: not self.alive(cloud, "edge-1"))
        del edge.settings["node.name"]  # the folder knows it
        edge.start()
        wait_until("it is back", lambda: self.alive(cloud, "edge-1"))

    def test_no_listener_but_gateway_and_tunnel(self):
        edge, cloud = self.scratch.pair()
        self.assertEqual(listeners(cloud.child.pid),
                         {cloud.port, cloud.link_port})
        self.assertEqual(listeners(edge.child.pid), {edge.port})
        for path in unix_paths(cloud.child.pid):
            self.assertNotIn(str(self.scratch.folder), path)

    def test_the_port_may_be_on_any_address(self):
        cloud = self.cloud(link_address="0.0.0.0")
        self.assertIn("0.0.0.0", cloud.output())
        self.scratch.node("edge-1", join=cloud.join_token(cloud.link_port))
        wait_until("it is there", lambda: self.alive(cloud, "edge-1"))

    def test_a_token_works_once(self):
        cloud = self.cloud()
        token = cloud.join_token()
        status, said = join(self.scratch.folder / "a", token, "node.name=a")
        self.assertEqual(status, 0, said)
        self.assertIn("joined cluster petrel-", said)
        status, said = join(self.scratch.folder / "b", token, "node.name=b")
        self.assertEqual(status, 1)
        self.assertIn("used already", said)
        self.assertIn("faas-cli node token", said)
        # The same machine may repeat it: its answer may have been lost.
        status, said = join(self.scratch.folder / "a", token)
        self.assertEqual(status, 0, said)

    def test_of_many_that_present_one_token_at_once_one_gets_in(self):
        cloud = self.cloud()
        token = cloud.join_token()
        results = {}

        def go(i):
            results[i] = join(self.scratch.folder / f"n{i}", token,
                              f"node.name=n{i}")
        threads = [threading.Thread(target=go, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(r[0] for r in results.values()), [0, 1, 1, 1],
                         results)

    def test_an_interrupted_join_goes_on_with_its_key(self):
        cloud = self.cloud()
        token = cloud.join_token()
        folder = self.scratch.folder / "a"
        status, said = join(folder, token, "node.name=a")
        self.assertEqual(status, 0, said)
        # As if it had been killed before it kept the answer.
        identity = json.loads((folder / "trust/identity.json").read_text())
        (folder / "trust/identity.json").unlink()
        joining = folder / "trust/joining.json"
        joining.write_text(json.dumps({"version": 1, "key": identity["key"]}))
        joining.chmod(0o600)
        status, said = join(folder, token, "node.name=a")
        self.assertEqual(status, 0, said)
        self.assertFalse(joining.exists())
        again = json.loads((folder / "trust/identity.json").read_text())
        self.assertEqual(again["certificate"], identity["certificate"])

    def test_bad_tokens_and_unreachable_clusters_say_what_to_do(self):
        cloud = self.cloud()
        token = cloud.join_token()
        folder = self.scratch.folder / "a"
        for wrong, word in ((token[:-3], "cut off"), ("hello", "petrel1_"),
                            (token.replace("petrel1", "petrel9"), "version")):
            status, said = join(folder, wrong)
            self.assertEqual(status, 1)
            self.assertIn(word, said)
            self.assertIn("next:", said)
        status, said = join(folder, cloud.join_token(free_port()))
        self.assertEqual(status, 1)
        self.assertIn("cannot be reached", said)
        cut = token[:50] + "\n  " + token[50:]
        self.assertEqual(join(folder, cut, "node.name=a")[0], 0)

    def test_a_used_name_is_refused_until_revoked(self):
        cloud = self.cloud()
        self.assertEqual(join(self.scratch.folder / "a", cloud.join_token(),
                              "node.name=edge-1")[0], 0)
        status, said = join(self.scratch.folder / "b", cloud.join_token(),
                            "node.name=edge-1")
        self.assertEqual(status, 1)
        self.assertIn("has joined already", said)
        answer = cloud.admin("POST", "/system/nodes/revoke/edge-1")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(join(self.scratch.folder / "b", cloud.join_token(),
                              "node.name=edge-1")[0], 0)

    def test_a_revoked_node_is_out_within_seconds_and_stays_out(self):
        edge, cloud = self.scratch.pair()
        answer = cloud.admin("POST", "/system/nodes/revoke/edge-1")
        self.assertEqual(answer.status, 200, answer)
        started = time.monotonic()
        wait_until("its link ends", lambda: not self.alive(cloud, "edge-1"))
        self.assertLess(time.monotonic() - started, 10)
        wait_until("it is told why", lambda: "was revoked" in edge.output())
        edge.kill()
        edge.start()
        wait_until("it is told again", lambda: "was revoked" in edge.output())
        self.assertFalse(self.alive(cloud, "edge-1"))
        answer = cloud.admin("POST", "/system/nodes/revoke/nobody")
        self.assertEqual(answer.status, 404, answer)
        answer = cloud.admin("POST", "/system/nodes/revoke/cloud-1")
        self.assertEqual(answer.status, 409, answer)

    def test_a_revoked_node_may_join_again(self):
        edge, cloud = self.scratch.pair()
        cloud.admin("POST", "/system/nodes/revoke/edge-1")
        wait_until("its link ends", lambda: not self.alive(cloud, "edge-1"))
        self.assertEqual(edge.terminate(), 0, edge.output())
        edge.start(join=cloud.join_token())
        wait_until("it is back", lambda: self.alive(cloud, "edge-1"))

    def test_revocation_outlives_the_controller_s_restart(self):
        edge, cloud = self.scratch.pair()
        cloud.admin("POST", "/system/nodes/revoke/edge-1")
        cloud.set("link_port", cloud.link_port)
        cloud.kill()
        cloud.start()
        wait_until("it is told why", lambda: "was revoked" in edge.output())
        self.assertFalse(self.alive(cloud, "edge-1"))

    def test_nodes_of_another_cluster_stay_out(self):
        cloud, other = self.cloud(), self.cloud("other-1")
        edge = self.scratch.node("edge-1", join=other.join_token(),
                                 link_join=f"127.0.0.1:{cloud.link_port}")
        wait_until("the reason in its log", lambda: re.search(
            "cannot reach .*cluster", edge.output()))
        self.assertNotIn("edge-1", cloud.nodes())
        status, said = join(self.scratch.folder / "edge-1",
                            cloud.join_token())
        self.assertEqual(status, 1)
        self.assertIn("belongs to cluster", said)

    def test_a_node_that_has_not_joined_says_how(self):
        node = self.scratch.node("n1", ready=False, node_controller=False,
                                 link_join="127.0.0.1:1")
        self.assertEqual(node.child.wait(60), 1)
        self.assertIn("faas-node join TOKEN", node.output())

    def test_management_of_trust_needs_the_admin_s_credential(self):
        edge, cloud = self.scratch.pair()
        for path in ("/system/nodes/tokens", "/system/nodes/revoke/edge-1"):
            answer = cloud.admin("POST", path, token="x" * 64)
            self.assertEqual(answer.status, 401)
            answer = edge.admin("POST", path)  # has no CA
            self.assertEqual(answer.status, 503, answer)
        for body in ("[]", "{", '{"tier":1}', '{"x":1}', '{"expires_s":0}',
                     '{"expires_s":99999999999}', '{"addresses":["a"]}',
                     '{"addresses":[1]}', '{"tier":"two words"}'):
            answer = cloud.admin("POST", "/system/nodes/tokens", body)
            self.assertEqual(answer.status, 400, (body, answer))
        lonely = self.scratch.node("lonely")
        answer = lonely.admin("POST", "/system/nodes/tokens")
        self.assertEqual(answer.status, 503, answer)
        self.assertIn("link.listen", answer.text)

    def test_the_command_line_makes_tokens_and_revokes(self):
        cloud = self.cloud()
        environment = dict(
            os.environ, PETREL_GATEWAY=f"http://127.0.0.1:{cloud.port}",
            PETREL_TOKEN_FILE=str(self.scratch.folder / "cloud-1/admin-token"))

        def cli(*words):
            return subprocess.run([str(BUILD / "bin" / "faas-cli"), *words],
                                  env=environment, capture_output=True,
                                  text=True, timeout=60)
        made = cli("node", "token", "--tier", "edge", "--expires", "10m")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertIn("faas-node join", made.stderr)
        edge = self.scratch.node("edge-1", join=made.stdout.strip())
        wait_until("it is there", lambda: self.alive(cloud, "edge-1"))
        made = json.loads(cli("node", "token", "--json", "--address",
                              "a:1").stdout)
        self.assertGreater(made["expires"], time.time())
        done = cli("node", "revoke", "edge-1")
        self.assertEqual(done.returncode, 0, done.stderr)
        wait_until("it is out", lambda: not self.alive(cloud, "edge-1"))
        self.assertNotEqual(cli("node", "revoke", "edge-1").returncode, 0)
        self.assertEqual(cli("node", "burn").returncode, 2)
        self.assertFalse(edge.ended())

    def test_noise_at_the_port_disturbs_no_link(self):
        edge, cloud = self.scratch.pair()
        cloud.deploy("f", needs={"tiers": ["edge"]})
        wait_until("edge has it", lambda: edge.call("f", "x").status == 200)
        idle = [socket.create_connection(("127.0.0.1", cloud.link_port))
                for _ in range(20)]
        for bytes_ in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 4096,
                       b"\x16\x03\x01\xff\xff", os.urandom(2000),
                       b"\x00" * 31 + b"\xff\xff\xff\xff"):
            with socket.create_connection(("127.0.0.1",
                                           cloud.link_port)) as s:
                s.sendall(bytes_)
        for _ in range(50):
            self.assertEqual(cloud.call("f", "x").site, "edge-1/cpu")
        for one in idle:
            one.close()
        self.assertTrue(self.alive(cloud, "edge-1"))
        self.assertEqual(edge.output().count("is connected"), 1)


if __name__ == "__main__":
    unittest.main()
