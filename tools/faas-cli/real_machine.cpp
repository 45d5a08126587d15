#include "libfaas/core/id.hpp"
#include "libfaas/core/random.hpp"
#include "tools/faas-cli/background.hpp"
#include "tools/faas-cli/machine.hpp"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace faas::cli {

std::optional<std::string>
real_machine::environment(std::string_view name) const {
  const auto* value = std::getenv(std::string{name}.c_str());
  return value ? std::optional<std::string>{value} : std::nullopt;
}

std::filesystem::path real_machine::working_folder() const {
  std::error_code ignored;
  return std::filesystem::current_path(ignored);
}

std::filesystem::path real_machine::program_folder() const {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
}

time_point real_machine::now() const {
  return std::chrono::steady_clock::now();
}

wall_time real_machine::wall() const {
  return std::chrono::system_clock::now();
}

void real_machine::sleep(duration time) {
  // Between two questions to a gateway there is no condition to wait on.
  const auto ns = std::max<int64_t>(0, time.count());
  const timespec pause{ns / 1'000'000'000, ns % 1'000'000'000};
  ::nanosleep(&pause, nullptr);
}

result<int> real_machine::run(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const auto& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str())); // spawn's signature
  argv.push_back(nullptr);
  pid_t child = 0;
  const auto code
    = posix_spawnp(&child, argv[0], nullptr, nullptr, argv.data(), environ);
  if (code != 0)
    return {errc::not_found,
            "cannot run " + arguments[0] + ": " + std::string{::strerror(code)},
            "install it or put it into PATH"};
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return {errc::internal, "lost track of " + arguments[0]};
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

result<std::unique_ptr<background>>
real_machine::start(const std::vector<std::string>& arguments,
                    const std::filesystem::path& output) {
  return start_background(arguments, output);
}

bool real_machine::interrupted() {
  return was_interrupted();
}

std::string real_machine::unique_id() {
  std::random_device device;
  const auto word = [&] { return uint64_t{device()} << 32 | device(); };
  random_source random{word()};
  auto id = call_id::make(random);
  id.high ^= word() & ~uint64_t{0xf000}; // more than the seed's 64 bits
  return id.to_string();
}

} // namespace faas::cli
