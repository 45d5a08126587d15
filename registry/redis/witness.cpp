#include "registry/redis/witness.hpp"

#include "registry/files/files.hpp"

#include <fcntl.h>
#include <fstream>

namespace faas::registry::redis {

result<std::optional<revision>> witness::seen() {
  if (read_ || file_.empty())
    return known_;
  std::error_code failed;
  if (!std::filesystem::exists(file_, failed)) {
    read_ = true;
    return known_;
  }
  std::ifstream in{file_};
  revision at;
  if (!(in >> at.history >> at.number))
    return error{errc::internal,
                 "cannot read " + file_.string()
                   + ", the note of what this node knows of Redis",
                 "remove it if Redis is known to have lost nothing"};
  read_ = true;
  known_ = at;
  return known_;
}

void witness::saw(const revision& at) {
  known_ = at;
  read_ = true;
  if (file_.empty())
    return;
  auto fresh = file_;
  fresh += ".new";
  auto handle = open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (!handle)
    return;
  const auto text = at.history + " " + std::to_string(at.number) + "\n";
  if (write_all(handle->get(), text, fresh))
    (void) rename_file(fresh, file_);
}

} // namespace faas::registry::redis
