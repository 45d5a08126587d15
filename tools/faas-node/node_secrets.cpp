#include "tools/faas-node/node_secrets.hpp"

#include "registry/redis/shared_secret_key.hpp"
#include "registry/secrets/aes_sealer.hpp"
#include "tools/faas-node/redis_store.hpp"

#include <spdlog/spdlog.h>

#include <random>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace faas::node {

void forbid_core_dumps() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
}

namespace {

result<void> share_key(const config& settings,
                       const std::filesystem::path& data,
                       const std::filesystem::path& file,
                       const clock_source& clock, bool may_make) {
  auto client = redis_client_of(settings);
  if (!client)
    return client.error();
  registry::shared_key_options options;
  options.client = std::move(*client);
  options.prefix = settings.redis_prefix;
  options.cluster_key = cluster_key_file(settings, data);
  options.key_file = file;
  std::random_device device;
  return registry::share_secret_key(
    options, clock, uint64_t{device()} << 32 | device(), may_make);
}

} // namespace

std::shared_ptr<const secret_sealer>
open_sealer(const config& settings, const std::filesystem::path& data,
            const clock_source& clock, bool has_secrets) {
  // One that is named belongs to somebody else, who makes it.
  const bool named = !settings.secret_key_file.empty();
  const auto file = named ? std::filesystem::path{settings.secret_key_file}
                          : data / "secret-key";
  result<void> shared;
  if (!settings.redis.empty() && !named)
    shared = share_key(settings, data, file, clock, !has_secrets);
  // Without Redis the key that is here will do.
  const bool away = !shared && shared.error().code == errc::unavailable;
  const auto keeps = registry::file_of_secret_key(file);
  auto key = named || has_secrets || away ? keeps.load()
                                          : keeps.load_or_make();
  if (!shared && (!away || !key))
    key = shared.error();
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
