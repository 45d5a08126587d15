// Programs of protocol worker for tests: the Python package, and frames by hand.
#pragma once

#include "tests/unit/functions/process/world.hpp"

#include <cstdlib>

namespace faas::process::testing {


/// What misbehaving programs have in common: the frames by hand.
inline constexpr std::string_view by_hand = R"(
import os, socket, struct, sys, threading
link = socket.socket(fileno=int(os.environ["PETREL_WORKER_FD"]))
memory = int(os.environ["PETREL_WORKER_MEMORY_FD"])
def exactly(n):
    data = b""
    while len(data) < n:
        more = link.recv(n - len(data))
        if not more:
            sys.exit(0)
        data += more
    return data
def frame():
    size, kind, call = struct.unpack("<IIQ", exactly(16))
    return kind, call, exactly(size)
def send(kind, call, payload):
    link.sendall(struct.pack("<IIQ", len(payload), kind, call) + payload)
def text(what):
    return struct.pack("<I", len(what)) + what
def answer(call, body, size=None, memory=0):
    send(17, call, struct.pack("<HHIQ", 200, memory, 0,
                               len(body) if size is None else size)
         + text(b"") + body)
def ready(at_once=1, version=1):
    send(16, 0, struct.pack("<HH", version, at_once) + text(b"by hand"))
def path_of(payload):
    at = 24
    for i in range(3):
        (size,) = struct.unpack_from("<I", payload, at)
        found = payload[at + 4:at + 4 + size]
        at += 4 + size
    return found.decode()
hello = frame()
)";

struct worker_world : pooled_world {
  worker_world() {
    spec.petrel.process.protocol = process_protocol::worker;
    const auto* source = std::getenv("PETREL_SOURCE");
    spec.environment["PYTHONPATH"]
      = std::string{source ? source : "."} + "/python/src";
    spec.environment["PYTHONDONTWRITEBYTECODE"] = "1";
  }
  void python(std::string_view text) {
    script("handler.py", "import petrel\n" + std::string{text});
    spec.petrel.process.command
      = {"/usr/bin/python3", "-m", "petrel", "handler.py"};
  }
  void raw(std::string_view text) {
    script("raw.py", std::string{by_hand} + std::string{text});
    spec.petrel.process.command = {"/usr/bin/python3", "-u", "raw.py"};
  }
  reply ask(function_instance& from, std::string path, std::string body = {},
            duration time = limit) {
    return from.invoke(event(std::move(path), std::move(body), time), calls);
  }
};

} // namespace faas::process::testing

/// Answered well, with that body.
#define EXPECT_TEXT(answer, expected) \
  do { \
    const auto got = answer; \
    BOOST_TEST((got.code == errc::ok), got.message); \
    BOOST_TEST(got.body.view() == expected); \
  } while (false)
