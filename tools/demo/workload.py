"""Events of the demo: batches of Fashion-MNIST images at random times, sent by
HTTP and MQTT at their intended times (open loop)."""
import csv
import gzip
import http.client
import json
import pathlib
import queue
import random
import threading
import time
import urllib.parse
from dataclasses import dataclass, field

import paho.mqtt.client as mqtt

HERE = pathlib.Path(__file__).resolve().parent
IMAGES = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"
IMAGE_BYTES = 784
CAMERAS = 1000
LARGEST = 300


@dataclass
class Event:
    at: float          # intended send time, seconds from the start of the phase
    images: int
    offset: int        # first image
    by: str            # "http" or "mqtt"
    sent: float = 0    # seconds from the start of the run, intended
    latency: float = -1  # seconds from the intended send time; -1: no answer
    site: str = ""
    status: int = 0
    wrong: int = 0     # labels that differ from the model's own
    alone: bool = False  # nothing else was open when it was sent
    parts: dict = field(default_factory=dict)  # Server-Timing, ms


class Images:
    def __init__(self, expected):
        with gzip.open(IMAGES) as packed:
            self.bytes = packed.read()[16:]
        self.count = len(self.bytes) // IMAGE_BYTES
        self.expected = pathlib.Path(expected).read_bytes()

    def body(self, event):
        first = event.offset * IMAGE_BYTES
        return self.bytes[first:first + event.images * IMAGE_BYTES]

    def wrong_labels(self, event, labels):
        right = self.expected[event.offset:event.offset + event.images]
        if len(labels) != len(right):
            return event.images
        return sum(a != b for a, b in zip(labels, right))


def batch_sizes():
    """Images per hour as STOIC published them, capped."""
    with open(HERE / "images_per_hour.csv") as rows:
        return [min(LARGEST, int(row["images_per_hour"]))
                for row in csv.DictReader(rows)]


def schedule(seconds, rate, seed, images):
    """Poisson arrivals; the same seed gives the same events."""
    draw = random.Random(seed)
    sizes = batch_sizes()
    events, at = [], 0.0
    while True:
        at += draw.expovariate(rate)
        if at >= seconds:
            return events
        n = draw.choice(sizes)
        events.append(Event(at, n, draw.randrange(images.count - n),
                            draw.choice(["http", "mqtt"])))


class HttpSender:
    """Persistent connections, one per worker thread; one that nobody used for
    long is made anew, since the gateway closes such."""

    IDLE_S = 20

    def __init__(self, url, images, workers=128):
        self.address = urllib.parse.urlsplit(url)
        self.images = images
        self.todo = queue.Queue(10_000)
        self.threads = [threading.Thread(target=self._work, daemon=True)
                        for _ in range(workers)]
        for thread in self.threads:
            thread.start()

    def send(self, event, function, done):
        self.todo.put((event, function, done))

    def _work(self):
        connection, used = None, 0
        while True:
            task = self.todo.get()
            if task is None:
                return
            event, function, done = task
            try:
                now = time.monotonic()
                if connection is not None and now - used > self.IDLE_S:
                    connection.close()
                    connection = None
                used = now
                if connection is None:
                    connection = http.client.HTTPConnection(
                        self.address.hostname, self.address.port, timeout=120)
                connection.request(
                    "POST", f"/function/{function}", self.images.body(event),
                    {"Content-Type": "application/octet-stream"})
                answer = connection.getresponse()
                body = answer.read()
                event.status = answer.status
                event.site = answer.headers.get("X-Faas-Site", "")
                event.parts = timing(answer.headers.get("Server-Timing", ""))
                if answer.status == 200:
                    event.wrong = self.images.wrong_labels(
                        event, json.loads(body)["labels"])
            except (OSError, http.client.HTTPException, ValueError):
                event.status = 599
                connection = None
            done(event)

    def stop(self):
        for _ in self.threads:
            self.todo.put(None)


def timing(text):
    parts = {}
    for part in text.split(","):
        name, _, value = part.strip().partition(";dur=")
        if value:
            parts[name] = float(value)
    return parts


class MqttSender:
    """One camera per event in flight, so that an answer finds its event."""

    def __init__(self, port, images):
        self.images = images
        self.lock = threading.Lock()
        self.free = list(range(CAMERAS))
        self.waiting = {}
        self.client = mqtt.Client(client_id="demo-cameras")
        self.client.on_message = self._answer
        self.connected = threading.Event()
        self.client.on_connect = self._subscribe
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        if not self.connected.wait(10):
            raise RuntimeError("the MQTT broker does not answer")

    def _subscribe(self, client, *_):
        client.subscribe("+/camera/+/images/labels", qos=1)
        self.connected.set()

    def send(self, event, function, done):
        with self.lock:
            if not self.free:
                event.status = 598  # more in flight than cameras
                done(event)
                return
            camera = self.free.pop(0)
            self.waiting[camera] = (event, done)
        self.client.publish(f"{function}/camera/{camera}/images",
                            self.images.body(event), qos=1)

    def _answer(self, _client, _data, message):
        camera = int(message.topic.split("/")[2])
        with self.lock:
            event, done = self.waiting.pop(camera, (None, None))
            self.free.append(camera)
        if event is None:
            return
        try:
            event.wrong = self.images.wrong_labels(
                event, json.loads(message.payload)["labels"])
            event.status = 200
        except (ValueError, KeyError):
            event.status = 500
        done(event)

    def stop(self):
        self.client.loop_stop()
        self.client.disconnect()


class Player:
    """Sends the schedule of one policy in real time and collects the answers.
    Events carry the time of their policy, which stands still while another one
    plays."""

    def __init__(self, http_sender, mqtt_sender):
        self.senders = {"http": http_sender, "mqtt": mqtt_sender}
        self.lock = threading.Lock()
        self.open = 0
        self.done = []

    def play(self, events, function, begin, base, progress):
        """Now is `begin` on the clock of event.at; event.sent counts from
        `base` at its zero."""
        start = time.monotonic() - begin
        for event in events:
            event.sent = base + event.at
            while (wait := start + event.at - time.monotonic()) > 0:
                time.sleep(min(wait, 0.5))
                progress(self)
            with self.lock:
                event.alone = self.open == 0
                self.open += 1
            self.senders[event.by].send(
                event, function,
                lambda ended, due=start + event.at: self._ended(ended, due))

    def _ended(self, event, due):
        event.latency = time.monotonic() - due
        with self.lock:
            self.open -= 1
            self.done.append(event)

    def drain(self, seconds):
        end = time.monotonic() + seconds
        while self.open > 0 and time.monotonic() < end:
            time.sleep(0.02)
