// What faas-cli needs of the machine it runs on; a fake in tests.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/result.hpp"

#include <filesystem>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faas::cli {

/// A program that was started beside this one. The destructor ends it: SIGTERM,
/// and SIGKILL after ten seconds. It ends with this program, too.
class background {
public:
  virtual ~background() = default;
  /// Its exit status, once it has ended (128 + signal for a signal).
  virtual std::optional<int> ended() = 0;
};

class machine {
public:
  virtual ~machine() = default;
  /// nullopt = not set.
  virtual std::optional<std::string>
  environment(std::string_view name) const = 0;
  virtual std::filesystem::path working_folder() const = 0;
  /// Folder of the faas-cli program.
  virtual std::filesystem::path program_folder() const = 0;
  virtual time_point now() const = 0;
  virtual wall_time wall() const = 0;
  virtual void sleep(duration time) = 0;
  /// Runs a program with this process' input and output; its exit status.
  /// errc::not_found when there is no such program.
  virtual result<int> run(const std::vector<std::string>& arguments) = 0;
  /// Starts a program and goes on; both its outputs go to `output`.
  virtual result<std::unique_ptr<background>>
  start(const std::vector<std::string>& arguments,
        const std::filesystem::path& output) = 0;
  /// From the first call on Ctrl-C and SIGTERM do not end this program: true
  /// once there was one.
  virtual bool interrupted() = 0;
  /// 128 bits for ids, as a UUID.
  virtual std::string unique_id() = 0;
};

/// The machine as it is.
class real_machine final : public machine {
public:
  std::optional<std::string> environment(std::string_view name) const override;
  std::filesystem::path working_folder() const override;
  std::filesystem::path program_folder() const override;
  time_point now() const override;
  wall_time wall() const override;
  void sleep(duration time) override;
  result<int> run(const std::vector<std::string>& arguments) override;
  result<std::unique_ptr<background>>
  start(const std::vector<std::string>& arguments,
        const std::filesystem::path& output) override;
  bool interrupted() override;
  std::string unique_id() override;
};

class http_client;

/// Everything a command works with.
struct session {
  machine& system;
  http_client& http;
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  std::string call_id = {}; ///< X-Call-Id of the last answer, for messages
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool line_open = false; ///< err has a line that is rewritten
};

/// Before anything else is written to err: wipes a line that is open there.
void wipe_line(session& s);

} // namespace faas::cli
