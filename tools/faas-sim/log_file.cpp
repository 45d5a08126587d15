#include "tools/faas-sim/log_file.hpp"

#include "libfaas/decisions/segment_writer.hpp"

#include <fstream>

namespace faas::sim {
namespace {

/// What is read at once; logs of nodes are bounded, too.
constexpr uint64_t most_bytes = uint64_t{2} << 30;
constexpr size_t block_bytes = 64 << 10;

} // namespace

result<std::string> read_log_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary | std::ios::ate};
  if (!in)
    return error{errc::not_found, "cannot read " + path,
                 "name a file of a node's decisions folder, or one that "
                 "faas-cli decisions --export wrote"};
  const auto size = static_cast<uint64_t>(in.tellg());
  if (size > most_bytes)
    return error{errc::too_large, path + " is larger than 2 GiB", ""};
  std::string bytes(size, '\0');
  in.seekg(0);
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  bytes.resize(static_cast<size_t>(in.gcount()));
  return bytes;
}

result<void> write_log_file(const std::string& path,
                            const std::vector<decisions::record>& all) {
  decisions::segment_writer writer;
  std::string bytes;
  writer.begin({"faas-sim", "faas-sim", all.empty() ? 0 : all.front().at_us},
               bytes);
  for (const auto& one : all) {
    writer.add(one, one.of, one.sites);
    if (writer.pending() > block_bytes)
      writer.finish_block(bytes);
  }
  writer.finish_block(bytes);
  std::ofstream out{path, std::ios::binary};
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush())
    return error{errc::storage_full, "cannot write " + path, ""};
  return {};
}

} // namespace faas::sim
