#include "tools/faas-node/node_secrets.hpp"

#include "registry/secrets/aes_sealer.hpp"

#include <spdlog/spdlog.h>

#include <sys/prctl.h>
#include <sys/resource.h>

namespace faas::node {

void forbid_core_dumps() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
}

std::shared_ptr<const secret_sealer>
open_sealer(const config& settings, const std::filesystem::path& data,
            bool has_secrets) {
  using registry::secret_key;
  // One that is named belongs to somebody else, who makes it.
  const bool named = !settings.secret_key_file.empty();
  const auto file = named ? std::filesystem::path{settings.secret_key_file}
                          : data / "secret-key";
  auto key = named || has_secrets ? secret_key::load(file)
                                  : secret_key::load_or_create(file);
  if (key)
    return std::make_shared<registry::aes_sealer>(std::move(*key));
  auto why = key.error();
  spdlog::error("secrets cannot be opened: {}", why.to_string());
  why.code = errc::unavailable;
  return std::make_shared<registry::locked_sealer>(std::move(why));
}

result<std::unique_ptr<registry::memory_files>>
open_secret_files(const config& settings, const std::filesystem::path& data,
                  error& why) {
  auto opened = registry::memory_files::open(
    {settings.secrets_folder, std::filesystem::absolute(data).string()});
  if (opened || !settings.secrets_folder.empty())
    return opened;
  why = opened.error();
  spdlog::warn("functions that need secrets cannot run here: {}",
               why.to_string());
  return std::unique_ptr<registry::memory_files>{};
}

} // namespace faas::node
