#include "tools/faas-cli/local_node.hpp"

#include <fstream>
#include <sstream>
#include <stdlib.h>

namespace faas::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t most_log_bytes = 1 << 20;
constexpr size_t told_lines = 12;

std::string last_lines(const fs::path& file) {
  const auto text = read_file(file, most_log_bytes);
  if (!text)
    return {};
  auto from = text->size();
  for (size_t lines = 0; from > 0 && lines <= told_lines; --from)
    lines += (*text)[from - 1] == '\n';
  return text->substr(from == 0 ? 0 : from + 1);
}

} // namespace

result<std::unique_ptr<local_node>> local_node::start(session& s,
                                                      uint16_t port) {
  std::string name = (fs::temp_directory_path() / "petrel-local-XXXXXX");
  if (!::mkdtemp(name.data()))
    return error{errc::internal, "cannot make a folder in "
                                   + fs::temp_directory_path().string(),
                 "set TMPDIR to a folder that you may write"};
  std::unique_ptr<local_node> node{new local_node{name}};
  auto program = s.system.start(
    {(s.system.program_folder() / "faas-node").string(), "--dev", "--set",
     "node.name=local", "--set", "node.data=" + name, "--set",
     "gateway.port=" + std::to_string(port)},
    node->log());
  if (!program)
    return program.error();
  node->program_ = std::move(*program);
  const auto until = s.system.now() + seconds{30};
  while (!node->read_banner()) {
    if (auto over = node->ended())
      return *over;
    if (s.system.interrupted())
      return error{errc::cancelled, "interrupted"};
    if (s.system.now() > until)
      return error{errc::deadline_exceeded,
                   "the node was not ready within 30 s:\n"
                     + last_lines(node->log())};
    s.system.sleep(milliseconds{20});
  }
  return node;
}

local_node::~local_node() {
  program_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::optional<error> local_node::ended() {
  const auto status = program_->ended();
  if (!status)
    return std::nullopt;
  return error{errc::unavailable,
               "the node ended with status " + std::to_string(*status) + ":\n"
                 + last_lines(log()),
               "mend what it says; another --port if that one is taken"};
}

/// True when the node says that it is ready, with its address.
bool local_node::read_banner() {
  std::ifstream in{log()};
  bool ready = false;
  for (std::string line; std::getline(in, line);) {
    ready = ready || line == "ready";
    std::istringstream words{line};
    std::string key, value;
    if (words >> key >> value && key == "gateway")
      target_.url = value;
  }
  std::string token;
  if (!ready || target_.url.empty()
      || !std::getline(std::ifstream{token_file()}, token))
    return false;
  target_.authorization = "Basic " + base64("admin:" + token);
  target_.token_source = token_file();
  return true;
}

} // namespace faas::cli
