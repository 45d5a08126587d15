"""One batch after the other through real nodes: sent, answered, and what the
gateway had predicted."""
import http.client
import time

from lab.nodes import Cluster
from stoic_live import laws, world

ANSWER_S = 60
SETTLE_S = 1.0  # after a change of the policy; where events go is checked


class Play:
    """`deployed`: draws of the deployments by which versions of the function
    come to the sites, one after the other. `warm`: sites keep the function in
    memory; else each batch that goes to a site finds it gone."""

    def __init__(self, folder, programs, policy, deployed, warm=False):
        self.warm = warm
        self.deployed = iter(deployed)
        self.cluster = Cluster(
            folder, programs, world.scenario(), policy,
            site_texts=world.texts(next(self.deployed), warm))
        self.thin = 1.0

    def set_up(self, by_site, say):
        """Some batches at each site, as the authors do for a version that is
        new: by a policy that is changed at run time."""
        for site, batches in by_site.items():
            self.change_policy(f"static:{site}")
            went = {r["site"] for r in self.run(batches, say)}
            if went != {site}:
                raise RuntimeError(f"set-up for {site} went to {went}")

    def change_policy(self, policy):
        """The version that has it is deployed to all sites."""
        if policy == self.cluster.policy:
            return
        world.tell(self.cluster, next(self.deployed), self.warm)
        self.cluster.change_policy(policy)
        time.sleep(SETTLE_S)

    def run(self, batches, say):
        records = []
        for number, batch in enumerate(batches):
            self._prepare(batch)
            records.append(self._send(number, batch))
            if dead := self.cluster.dead():
                raise RuntimeError(f"{', '.join(dead)} ended; "
                                   f"see {self.cluster.folder}")
            if number % 10 == 9:
                say(f"{number + 1}/{len(batches)} batches")
        self._predictions(records)
        return records

    def stop(self):
        self.cluster.stop()

    def _prepare(self, batch):
        world.tell(self.cluster, batch, self.warm)
        if batch.thin != self.thin:
            self.thin = batch.thin
            self._links()
        if not self.warm:
            self.cluster.forget_functions()

    def _links(self):
        script = self.cluster.folder / "links.script"
        script.write_text(world.link_lines(self.thin))
        for name in laws.SITES:
            if name != "edge":
                relay = self.cluster.relays[name].child.stdin
                relay.write(f"play {script}\n".encode())
                relay.flush()
        time.sleep(0.05)  # they read it at once

    def _send(self, number, batch):
        body = bytes(batch.images * world.image_bytes())
        link = http.client.HTTPConnection("127.0.0.1",
                                          self.cluster.gateway.port,
                                          timeout=ANSWER_S)
        begin = time.monotonic()
        link.request("POST", f"/function/{world.FUNCTION}", body,
                     {"X-Lab-Size": str(batch.images), "X-Lab-Work": "1",
                      "Content-Type": "application/octet-stream"})
        answer = link.getresponse()
        text = answer.read()
        took = 1000 * (time.monotonic() - begin)
        link.close()
        return {"batch": number, "images": batch.images,
                "status": answer.status,
                "site": (answer.getheader("X-Faas-Site") or "").split("/")[0],
                "call": answer.getheader("X-Call-Id") or "",
                "client_s": world.paper_s(took),
                "error": "" if answer.status == 200
                         else text.decode(errors="replace")[:200]}

    def _predictions(self, records):
        for record in records:
            found = self.cluster.gateway.ask(
                f"/system/decisions/{record['call']}")
            attach(record, found.get("attempts", []))


PARTS = {"transfer": "network_ms", "deploy": "cold_ms",
         "process": "service_ms", "total": "total_ms"}


def parts(of):
    return {name: world.paper_s(of[key]) for name, key in PARTS.items()}


def attach(record, attempts):
    """What was predicted and measured, in seconds of the paper; of the last
    attempt, the one that was answered."""
    record["attempts"] = len(attempts)
    record["sites"] = [a["chosen"].split("/")[0] for a in attempts]
    record["went_on"] = [a["chosen"].split("/")[0] for a in attempts[:-1]]
    if not attempts:
        return
    last = attempts[-1]
    by_site = {s["site"].split("/")[0]: s for s in last["sites"]
               if s.get("considered")}
    record["reason"] = last["reason"]
    record["measured"] = parts(last["outcome"])
    record["expected"] = {name: parts(s) for name, s in by_site.items()}
    record["predicted"] = record["expected"].get(record["site"])
