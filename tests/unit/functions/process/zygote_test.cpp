// Python functions that come from the zygote: the same as those that start their
// own interpreter, and nothing of one in another.
#include "tests/unit/functions/process/world.hpp"
#include "tests/support/sandbox_here.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <set>

using namespace faas;
using namespace faas::process::testing;
namespace fs = std::filesystem;

namespace {

/// Processes that this one has to wait for: the zygote, forks that wait, and the
/// first processes of sandboxes.
std::set<pid_t> children() {
  std::set<pid_t> found;
  for (const auto& task : fs::directory_iterator{"/proc/self/task"}) {
    std::ifstream list{task.path() / "children"};
    for (pid_t pid; list >> pid;)
      found.insert(pid);
  }
  return found;
}

/// The first process of a sandbox has a pid in a namespace of its own, too.
bool in_sandbox(pid_t pid) {
  std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("NSpid:"))
      return std::count(line.begin(), line.end(), '\t') > 1;
  return false;
}

/// Whether the text is anywhere in the memory of the process.
bool remembers(pid_t pid, const std::string& text) {
  const auto folder = fs::path{"/proc"} / std::to_string(pid);
  std::ifstream maps{folder / "maps"}, memory{folder / "mem"};
  for (std::string line; std::getline(maps, line);) {
    unsigned long from = 0, to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &from, &to) != 2
        || line.find(" r") == line.npos || line.find("[v") != line.npos)
      continue;
    std::string bytes(to - from, '\0');
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(from));
    memory.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<size_t>(memory.gcount()));
    if (contains(bytes, text))
      return true;
  }
  return false;
}

/// A bundle as faas-cli packs it, with the package.
struct python_world : world {
  context calls;

  python_world() {
    config.sandboxed = true;
    config.python_waiting = 1;
    spec.petrel.process.protocol = process_protocol::worker;
    spec.petrel.process.command = {"python3", "-m", "petrel", "handler.py"};
    const auto* source = std::getenv("PETREL_SOURCE");
    fs::create_directories(bundle / "python_packages");
    fs::copy(fs::path{source ? source : "."} / "python/src/petrel",
             bundle / "python_packages/petrel", fs::copy_options::recursive);
    open();
  }
  /// For all to read, as bundles are.
  void open() {
    for (const auto& one : fs::recursive_directory_iterator{bundle.path()})
      fs::permissions(one, one.is_directory() ? fs::perms{0755}
                                              : fs::perms{0644});
    fs::permissions(bundle.path(), fs::perms{0755});
  }
  void python(std::string_view text) {
    faas::testing::write_file(bundle / "handler.py",
                              "import petrel\n" + std::string{text});
    open();
  }
  /// One that was forked: the first ones may come before the zygote is there.
  std::unique_ptr<function_instance> forked() {
    if (!module) {
      const auto failed = load_failure();
      BOOST_REQUIRE_MESSAGE(module, failed);
    }
    std::unique_ptr<function_instance> made;
    BOOST_REQUIRE(becomes([&] {
      made.reset(); // else its process may have a place for another one
      made = instance();
      return made->from_pool();
    }));
    return made;
  }
  std::string ask(function_instance& from, std::string path = "/") {
    const auto got = from.invoke(event(std::move(path)), calls);
    BOOST_TEST((got.code == errc::ok), got.message);
    return std::string{got.body.view()};
  }
  std::string fact(const std::string& name) {
    const auto all = module->facts();
    const auto found = all.find(name);
    return found == all.end() ? "" : found->second;
  }
  /// What they have in a world with a zygote and in one without.
  static std::string cold(std::string_view text, auto prepare) {
    python_world other;
    other.config.python_waiting = 0;
    other.python(text);
    prepare(other);
    const auto failed = other.load_failure();
    BOOST_REQUIRE_MESSAGE(other.module, failed);
    auto one = other.instance();
    BOOST_TEST(!one->from_pool());
    auto told = other.ask(*one);
    for (size_t at; (at = told.find(other.bundle.path().string())) != told.npos;)
      told.replace(at, other.bundle.path().string().size(), "BUNDLE");
    return told;
  }
  std::string warm() {
    auto one = forked();
    auto told = ask(*one);
    for (size_t at; (at = told.find(bundle.path().string())) != told.npos;)
      told.replace(at, bundle.path().string().size(), "BUNDLE");
    return told;
  }
};

/// All that a function can ask about itself and its surroundings.
constexpr auto look_around = R"(
import ctypes, os, signal, sys, time, petrel._serve
def some(file, *names):
    return [line for line in open(file) if line.split(":")[0] in names]
@petrel.function
def handle(event):
    main = sys.modules["__main__"]
    return {
        "preloaded": "csv" in sys.modules,
        "environment": dict(os.environ), "zone": time.tzname,
        "argv": sys.argv, "orig": sys.orig_argv, "path": sys.path,
        "cwd": os.getcwd(), "file": __file__, "main": main.__file__,
        "names": sorted(vars(main)), "spec": main.__spec__.name,
        "package": [petrel.__file__, list(petrel.__path__),
                    petrel._serve.__file__, petrel._serve.__spec__.origin],
        "flags": str(sys.flags), "executable": [sys.executable, sys.prefix],
        "bytecode": sys.dont_write_bytecode,
        "streams": [sys.stdout.encoding, sys.stdout.errors,
                    sys.stdout.line_buffering, sys.stderr.line_buffering],
        "ids": [os.getuid(), os.getgid(), os.getpid(), os.getppid(),
                os.getpgid(0), os.getsid(0), os.getgroups()],
        "status": some("/proc/self/status", "CapInh", "CapPrm", "CapEff",
                       "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp",
                       "Seccomp_filters", "SigIgn", "SigBlk", "SigCgt",
                       "Threads", "NSpid", "Umask"),
        "limits": open("/proc/self/limits").read(),
        "open": sorted(int(one) for one in os.listdir("/proc/self/fd")),
        "mounts": [line.split()[3:6] for line in open("/proc/self/mountinfo")],
        "root": sorted(os.listdir("/")), "host": os.uname().nodename,
        "processes": [one for one in os.listdir("/proc") if one.isdigit()],
        "devices": [line.split(":")[0] for line in open("/proc/net/dev")],
        "dumpable": ctypes.CDLL(None).prctl(3), "nice": os.nice(0),
        "group": open("/proc/self/cgroup").read().count("petrel"),
        "signals": [str(signal.getsignal(one)) for one in (1, 2, 13, 15, 17)],
        "writable": [os.access(one, os.W_OK)
                     for one in ("/", "/usr", os.getcwd(), "/tmp")],
    }
)";

} // namespace

BOOST_FIXTURE_TEST_SUITE(zygote_test, python_world,
                         *boost::unit_test::precondition(
                           faas::testing::sandbox_here))

  BOOST_AUTO_TEST_CASE(a_fork_sees_what_a_cold_start_sees) {
    const auto prepare = [](python_world& in) {
      in.spec.environment = {{"TZ", "Asia/Tokyo"}, {"EMPTY", ""},
                             {"WORD", "b\xc3\xa4r"},
                             {"PYTHONPATH", "more:/usr/lib/python3.11"}};
      in.spec.limits["memory"] = "256Mi";
    };
    prepare(*this);
    python(look_around);
    using nlohmann::json;
    const auto here = json::parse(warm());
    const auto there = json::parse(cold(look_around, prepare));
    BOOST_TEST(here.at("preloaded") == true);
    BOOST_TEST(there.at("preloaded") == false);
    for (const auto& [name, value] : there.items())
      if (name != "preloaded")
        BOOST_TEST(here.at(name).dump() == value.dump(), name << ": "
                   << here.at(name).dump() << " != " << value.dump());
    BOOST_TEST(fact("zygote") == "yes");
  }

  BOOST_AUTO_TEST_CASE(async_and_openfaas_handlers_come_from_it) {
    python("import asyncio\n"
           "@petrel.function\n"
           "async def handle(event):\n"
           "    await asyncio.sleep(0)\n"
           "    return event.path\n");
    spec.petrel.concurrency = 4;
    auto one = forked();
    BOOST_TEST(ask(*one, "/a") == "/a");
    BOOST_TEST(fact("calls_at_once") == "4 per process");
    one.reset();
    module.reset();
    python("def handle(event, context):\n    return event.path\n");
    spec.petrel.process.command
      = {"python3", "-m", "petrel.openfaas", "handler.py"};
    BOOST_TEST(ask(*forked(), "/b") == "/b");
  }

  BOOST_AUTO_TEST_CASE(two_forks_differ_in_what_is_random) {
    python("import random, secrets, uuid, ssl\n"
           "@petrel.function\n"
           "def handle(event):\n"
           "    return ' '.join([str(random.random()), secrets.token_hex(),\n"
           "                     str(uuid.uuid4()), ssl.RAND_bytes(8).hex()])\n");
    auto one = forked();
    auto two = forked();
    std::set<std::string> seen;
    for (auto* each : {one.get(), two.get()}) {
      std::istringstream words{ask(*each)};
      for (std::string word; words >> word;)
        BOOST_TEST(seen.insert(word).second);
    }
    BOOST_TEST(seen.size() == 8u);
  }

  BOOST_AUTO_TEST_CASE(lines_and_tracebacks_are_those_of_a_cold_start) {
    python("@petrel.function\n"
           "def handle(event):\n"
           "    print('printed')\n"
           "    event.log.info('logged')\n"
           "    return {}[event.path]\n");
    auto one = forked();
    const auto what = event("/key");
    const auto got = one->invoke(what, calls);
    BOOST_TEST(got.message == "KeyError: '/key'");
    BOOST_TEST(becomes([&] { return log.has("printed"); }));
    BOOST_TEST(log.id_of("printed") == what.id.to_string());
    BOOST_TEST(log.id_of("logged") == what.id.to_string());
    BOOST_TEST(log.has("handler.py\", line 6, in handle"));
    BOOST_TEST(log.has("return {}[event.path]"));
    BOOST_TEST(log.has("self.function(event)")); // a line of petrel
  }

  BOOST_AUTO_TEST_CASE(what_does_not_load_says_why) {
    python("@petrel.function\ndef handle(event):\n    return b''\n");
    auto good = forked();
    python("def wrong():\n    raise ValueError('at load')\nwrong()\n");
    const auto made = module->create_instance();
    BOOST_REQUIRE(!made);
    BOOST_TEST(contains(made.error().message, "exited with status 1"),
               made.error().message);
    BOOST_TEST(contains(made.error().message, "ValueError: at load"),
               made.error().message);
    BOOST_TEST(!contains(made.error().message, "<zygote>"),
               made.error().message);
  }

  BOOST_AUTO_TEST_CASE(a_module_of_the_bundle_comes_first) {
    faas::testing::write_file(bundle / "json.py", "mine = 'from the bundle'\n"
                                                  "def dumps(*a, **b): pass\n");
    python("import json\n"
           "@petrel.function\n"
           "def handle(event):\n    return json.mine\n");
    BOOST_TEST(ask(*forked()) == "from the bundle");
    module.reset();
    fs::remove(bundle / "json.py");
    fs::create_directories(bundle / "python_packages/random");
    faas::testing::write_file(bundle / "python_packages/random/__init__.py",
                              "mine = 'from its packages'\n");
    python("import random\n"
           "@petrel.function\n"
           "def handle(event):\n    return random.mine\n");
    BOOST_TEST(ask(*forked()) == "from its packages");
  }

  BOOST_AUTO_TEST_CASE(another_petrel_of_the_bundle_is_the_one_that_runs) {
    const auto file = bundle / "python_packages/petrel/__init__.py";
    std::ofstream{file, std::ios::app} << "mark = 'another'\n";
    python("@petrel.function\n"
           "def handle(event):\n    return petrel.mark\n");
    BOOST_TEST(ask(*forked()) == "another");
    module.reset();
    fs::remove_all(bundle / "python_packages/petrel");
    python("@petrel.function\ndef handle(event):\n    return b''\n");
    BOOST_REQUIRE(load());
    const auto made = module->create_instance();
    BOOST_REQUIRE(!made);
    BOOST_TEST(contains(made.error().message, "No module named petrel"),
               made.error().message);
  }

  BOOST_AUTO_TEST_CASE(what_must_start_cold_does_and_says_why) {
    python("@petrel.function\ndef handle(event):\n    return b'x'\n");
    spec.environment["PYTHONHASHSEED"] = "0";
    BOOST_REQUIRE(load());
    auto one = instance();
    BOOST_TEST(!one->from_pool());
    BOOST_TEST(ask(*one) == "x");
    BOOST_TEST(fact("zygote") == "no: its environment has PYTHONHASHSEED");
  }

  BOOST_AUTO_TEST_CASE(no_memory_has_a_secret_but_the_functions_own) {
    const std::string secret = "c0ffee-" + std::to_string(::getpid());
    faas::testing::scratch_folder secrets;
    faas::testing::write_file(secrets / "key", secret);
    fs::permissions(secrets.path(), fs::perms{0755});
    fs::permissions(secrets / "key", fs::perms{0444});
    python("import os\n"
           "key = open(os.environ['PETREL_SECRETS'] + '/key').read()\n"
           "@petrel.function\n"
           "def handle(event):\n"
           "    try:\n        return open(event.path).read()\n"
           "    except OSError as why:\n        return type(why).__name__\n");
    spec.environment["WORD"] = "env-" + secret;
    const auto failed = load_failure();
    BOOST_REQUIRE_MESSAGE(module, failed);
    // Another function, and the forks that wait after the first one is there.
    module = *runtime->load(
      {{spec.name, 1}, spec, bundle.path(),
       std::make_shared<secret_folder>(secrets.path(),
                                       std::set<std::string>{"key"}),
       log.events()});
    auto own = forked();
    BOOST_TEST(ask(*own, (secrets / "key").string()) == secret);
    BOOST_TEST(ask(*own, "/var/openfaas/secrets/key") == secret);

    const auto sandboxed = [] {
      std::set<pid_t> found;
      for (const auto pid : children())
        if (in_sandbox(pid))
          found.insert(pid);
      return found;
    };
    const auto before = sandboxed();
    python("@petrel.function\n"
           "def handle(event):\n"
           "    try:\n        return open(event.path).read()\n"
           "    except OSError as why:\n        return type(why).__name__\n");
    spec.environment.clear();
    auto other = runtime->load(
      {{function_name{"g"}, 1}, spec, bundle.path(), nullptr, log.events()});
    BOOST_REQUIRE(other);
    std::unique_ptr<function_instance> second;
    BOOST_REQUIRE(becomes([&] {
      second = std::move(*(*other)->create_instance());
      return second->from_pool();
    }));
    BOOST_TEST(ask(*second, (secrets / "key").string()) == "FileNotFoundError");
    BOOST_TEST(ask(*second, "/var/openfaas/secrets/key")
               == "FileNotFoundError");
    int looked = 0, had = 0;
    for (const auto pid : children()) {
      ++looked;
      had += remembers(pid, secret) ? 1 : 0;
      if (!before.contains(pid))
        BOOST_TEST(!remembers(pid, secret));
    }
    BOOST_TEST(looked >= 3); // the zygote, first processes
    const auto program = std::stoi(fact("pid"));
    BOOST_TEST(remembers(program, secret)); // or nothing was looked at
    BOOST_TEST(had <= 1); // the first process of its own sandbox
  }

  BOOST_AUTO_TEST_CASE(a_fork_reaches_neither_the_zygote_nor_others) {
    python(R"(
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def tried(call):
    try:
        return str(call())
    except OSError as why:
        return type(why).__name__
@petrel.function
def handle(event):
    pid = int(event.path[1:])
    libc.ptrace(16, pid, 0, 0)
    return " ".join([tried(lambda: os.kill(pid, 0)),
                     tried(lambda: os.pidfd_open(pid)),
                     tried(lambda: open(f"/proc/{pid}/mem")),
                     os.strerror(ctypes.get_errno()),
                     ",".join(p for p in os.listdir("/proc") if p.isdigit())])
)");
    auto one = forked();
    auto two = forked();
    BOOST_TEST(children().size() >= 3u);
    BOOST_TEST(contains(ask(*one, "/1"), "PermissionError"));
    for (const auto pid : children())
      BOOST_TEST(ask(*one, "/" + std::to_string(pid))
                 == "ProcessLookupError ProcessLookupError FileNotFoundError "
                    "Operation not permitted 1,2");
  }

  BOOST_AUTO_TEST_CASE(a_crash_costs_nobody_else) {
    python("import os, signal, sys\n"
           "@petrel.function\n"
           "def handle(event):\n"
           "    if event.path == '/exit':\n        os._exit(3)\n"
           "    if event.path == '/abort':\n        os.abort()\n"
           "    if event.path == '/segv':\n"
           "        os.kill(os.getpid(), signal.SIGSEGV)\n"
           "    return b'well'\n");
    auto one = forked();
    auto other = forked();
    for (const auto* path : {"/exit", "/segv", "/abort"}) {
      const auto got = one->invoke(event(path), calls);
      BOOST_TEST((got.code == errc::outcome_unknown), got.message);
      BOOST_TEST(ask(*other) == "well");
      one = forked();
      BOOST_TEST(ask(*one) == "well");
    }
  }

  BOOST_AUTO_TEST_CASE(limits_of_memory_and_processes_hold) {
    python("import threading\n"
           "@petrel.function\n"
           "def handle(event):\n"
           "    if event.path == '/memory':\n"
           "        return str(len(bytearray(1 << 28)))\n"
           "    some = []\n"
           "    gate = threading.Event()\n"
           "    try:\n"
           "        for _ in range(200):\n"
           "            some.append(threading.Thread(target=gate.wait))\n"
           "            some[-1].start()\n"
           "    except RuntimeError as why:\n"
           "        return str(why)\n"
           "    finally:\n"
           "        gate.set()\n"
           "    return 'no limit'\n");
    spec.limits["memory"] = "64Mi";
    auto one = forked();
    BOOST_TEST(ask(*one, "/threads") == "can't start new thread");
    const auto got = one->invoke(event("/memory"), calls);
    BOOST_TEST((got.code == errc::outcome_unknown));
    BOOST_TEST(contains(got.message, "over its memory limit"), got.message);
  }

  BOOST_AUTO_TEST_CASE(their_end_leaves_no_process) {
    python("import subprocess\n"
           "left = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
           "@petrel.function\ndef handle(event):\n    return b''\n");
    auto one = forked();
    auto two = forked();
    one.reset();
    two.reset();
    module.reset();
    runtime.reset();
    BOOST_TEST(becomes([] { return children().empty(); }));
  }

BOOST_AUTO_TEST_SUITE_END()
