"""One node's life: crashes, restarts, shutdown, start errors, full disks."""
import os
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
import uuid

from cluster import (BUILD, Calls, Node, Scratch, library_bundle, request,
                     wait_until)


class Life(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)


class Crash(Life):
    def test_after_kill_9_every_acknowledged_deploy_is_there(self):
        node = self.scratch.node("n1")
        packed = library_bundle("hello")
        digest, _ = node.upload(packed)
        acknowledged, stop = [], threading.Event()

        def deploy_on():
            number = 0
            while not stop.is_set():
                name = f"f{number}"
                try:
                    answer = node.post(name, digest, artifact="hello.so")
                except OSError:
                    return
                if answer.status in (200, 202):
                    acknowledged.append(name)
                number += 1
        deployer = threading.Thread(target=deploy_on)
        deployer.start()
        wait_until("some deploys", lambda: len(acknowledged) >= 12)
        node.kill()  # in the middle of one
        stop.set()
        deployer.join()
        node.start()
        listed = {f["name"] for f in
                  node.admin("GET", "/system/functions").json}
        self.assertLessEqual(set(acknowledged), listed)
        wait_until("ready", lambda: request(node.port, "GET",
                                            "/readyz").status == 200)
        for name in acknowledged:
            wait_until(f"{name} is routed", lambda: node.candidates(name), 10)
            self.assertEqual(node.call(name).status, 200, name)

    def test_a_command_repeated_after_a_crash_has_no_second_effect(self):
        node = self.scratch.node("n1")
        digest, _ = node.upload(library_bundle("hello"))
        again = str(uuid.uuid4())
        node.post("f", digest, artifact="hello.so", request_id=again)
        node.deploy("f", "misbehave", update=True)
        node.kill()
        node.start()
        answer = node.post("f", digest, artifact="hello.so", request_id=again)
        self.assertIn(answer.status, (200, 202))
        self.assertEqual(node.describe("f")["petrel"]["version"], 2)

    def test_a_removed_function_stays_removed(self):
        node = self.scratch.node("n1")
        node.deploy("f", "hello")
        answer = node.admin("DELETE", "/system/functions",
                            '{"functionName":"f"}')
        self.assertIn(answer.status, (200, 202), answer)
        node.kill()
        node.start()
        self.assertEqual(node.call("f").status, 404)

    def test_a_node_that_may_not_run_its_functions_gets_ready_again(self):
        node = self.scratch.node("n1", node_tier="edge")
        node.deploy("f", "hello", wait=False, needs={"tiers": ["cloud"]})
        wait_until("503 with the reason",
                   lambda: "no connected node" in node.call("f").text)
        node.kill()
        node.start()
        wait_until("ready", lambda: request(node.port, "GET",
                                            "/readyz").status == 200, 20)


class Shutdown(Life):
    def test_sigterm_answers_what_is_in_flight(self):
        node = self.scratch.node("n1", node_shutdown__grace=20)
        node.deploy("slow", concurrency=2)
        calls = Calls()
        calls.start(node, "slow", "block 1500", count=2)
        wait_until("they run", lambda: 'petrel_in_flight{function="slow"'
                   ',site="n1/cpu"} 2' in
                   request(node.port, "GET", "/metrics").text)
        self.assertEqual(node.terminate(), 0, node.output())
        self.assertEqual([a.status for a in calls.wait()], [200, 200])

    def test_an_event_that_outlasts_the_grace_period_is_told_so(self):
        node = self.scratch.node("n1", node_shutdown__grace=1)
        node.deploy("stuck", timeout="50s", concurrency=1)
        calls = Calls()
        calls.start(node, "stuck", "block 40000")
        wait_until("it runs", lambda: 'petrel_in_flight{function="stuck"'
                   ',site="n1/cpu"} 1' in
                   request(node.port, "GET", "/metrics").text)
        status = node.terminate(30)  # does not wait for the function
        self.assertEqual([a.status for a in calls.wait()], [503])
        self.assertEqual(status, 0, node.output())

    def test_idle_node_stops_at_once_on_sigint(self):
        node = self.scratch.node("n1")
        node.child.send_signal(signal.SIGINT)
        self.assertEqual(node.child.wait(30), 0, node.output())


class StartErrors(Life):
    def refused(self, *words, **settings):
        node = self.scratch.node(f"bad{len(self.scratch.parts)}", ready=False,
                                 **settings)
        self.assertNotEqual(node.child.wait(30), 0)
        for word in words:
            self.assertIn(word, node.output())

    def test_taken_ports_are_named_with_what_to_do(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.refused(str(port), "next:", gateway_port=port)
            self.refused(str(port), "next:", link_listen=True, link_port=port)

    def test_addresses_beyond_loopback_are_refused_with_the_reason(self):
        for address in ("0.0.0.0", "192.168.1.1", "::"):
            self.refused("plain HTTP", gateway_address=address)

    def test_a_data_folder_that_cannot_be_used_is_named(self):
        file = self.scratch.folder / "file"
        file.write_text("")
        self.refused(str(file), "node.data", node_data=file / "sub")

    def test_a_data_folder_in_use_is_refused(self):
        node = self.scratch.node("n1")
        self.refused("in use", node_data=node.settings["node.data"])

    def test_damaged_catalog_is_told_not_overwritten(self):
        node = self.scratch.node("n1")
        node.deploy("f", "hello")
        node.kill()
        catalog = self.scratch.folder / "n1" / "catalog.db"
        for extra in self.scratch.folder.glob("n1/catalog.db-*"):
            extra.unlink()
        catalog.write_bytes(b"no database" * 1000)
        self.refused("catalog.db", node_data=node.settings["node.data"])
        self.assertTrue(catalog.read_bytes().startswith(b"no database"))


class FullDisk(Life):
    def test_a_full_disk_refuses_the_deploy_and_keeps_serving(self):
        folder = tempfile.mkdtemp(prefix="petrel-disk-")
        self.addCleanup(os.rmdir, folder)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m",
                               "tmpfs", folder], capture_output=True)
        if done.returncode:
            self.skipTest("cannot mount a small file system here")
        self.addCleanup(subprocess.run, ["umount", "-l", folder])
        node = self.scratch.node("n1", node_data=f"{folder}/data")
        node.deploy("f", "hello")
        with open(f"{folder}/filler", "wb", buffering=0) as filler:
            try:
                while filler.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        packed = library_bundle("misbehave", os.urandom(256 << 10).hex())
        _, answer = node.upload(packed)
        self.assertEqual(answer.status, 507, answer)
        # The catalog may have room left in its pages: deploy until it has not.
        digest, _ = node.upload(library_bundle("hello"))
        statuses = set()
        for number in range(200):
            answer = node.post(f"g{number}", digest, artifact="hello.so",
                               topics=[f"t{n}/" + "t" * 200
                                       for n in range(15)])
            statuses.add(answer.status)
            if answer.status == 507:
                break
        self.assertIn(507, statuses)
        self.assertEqual(node.call("f").status, 200)
        os.remove(f"{folder}/filler")
        node.deploy("after", "hello")
        self.assertEqual(node.call("after").status, 200)


if __name__ == "__main__":
    unittest.main()
