// What faas-cli needs of the machine it runs on; a fake in tests.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/result.hpp"

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faas::cli {

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
};

} // namespace faas::cli
