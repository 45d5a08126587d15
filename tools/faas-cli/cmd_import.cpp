// import: an exported registry in the place of this one.
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/copy_facts.hpp"
#include "tools/faas-cli/copy_file.hpp"
#include "tools/faas-cli/table.hpp"
#include "tools/faas-cli/uploader.hpp"

#include <algorithm>
#include <ostream>

namespace faas::cli {
namespace {

using enum option::kind;

constexpr uint64_t longest_registry = uint64_t{256} << 20;
/// Bundles that a gateway is asked about at once.
constexpr size_t asked_at_once = 200;

result<std::string> read_registry(const std::filesystem::path& file,
                                  const copy_part& part) {
  std::string text(part.bytes, '\0');
  std::ifstream in{file, std::ios::binary};
  in.seekg(static_cast<std::streamoff>(part.offset));
  if (!in.read(text.data(), static_cast<std::streamsize>(text.size())))
    return error{errc::digest_mismatch, file.string() + " changes while it is "
                                                        "read"};
  return text;
}

/// The bundles that the gateway lacks, each from where an earlier import
/// stopped.
result<void> upload_bundles(session& s, gateway_api& gateway,
                            const std::filesystem::path& file,
                            const copy_index& index) {
  std::vector<bundle_file> batch;
  const auto send = [&]() -> result<void> {
    auto done = upload_missing(s, gateway, "import", batch);
    batch.clear();
    return done ? result<void>{} : done.error();
  };
  for (const auto& part : index.parts) {
    if (part.kind != "bundle" || !part.id)
      continue;
    bundle_file one;
    one.file = file;
    one.id = *part.id;
    one.bytes = part.bytes;
    one.from = part.offset;
    batch.push_back(std::move(one));
    if (batch.size() == asked_at_once)
      if (auto ok = send(); !ok)
        return ok;
  }
  return batch.empty() ? result<void>{} : send();
}

void tell_import(session& s, const arguments& args, const json& done,
                 bool left_out) {
  if (args.has("json")) {
    s.out << done.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
    return;
  }
  s.out << "imported: " << number_at(done, "functions") << " functions, "
        << number_at(done, "secrets") << " secrets\n";
  if (left_out)
    s.out << "the file has no secrets: those that were here stayed\n";
  for (const auto& name : done.value("missing_secrets", json::array()))
    if (name.is_string())
      s.out << "missing: faas-cli secret create "
            << printable(name.get<std::string>()) << '\n';
  if (const auto cluster = text_at(done, "ca"); !cluster.empty())
    s.out << "restart the node: it then has the CA of cluster "
          << printable(cluster) << ", and that cluster's nodes connect again\n";
}

/// What is wrong with the key before anything is sent.
result<copy_key> key_for(session& s, const arguments& args,
                         const copy_index& index,
                         const registry_facts& facts) {
  auto key = find_copy_key(s, args, index.key);
  if (!key)
    return key;
  if (key->hex.empty() && facts.has_secrets)
    return error{errc::invalid_argument,
                 "the file has secrets, and no key for them was given",
                 "give --passphrase-file or --key-file, as for the export"};
  if (args.has("ca") && !facts.has_ca)
    return error{errc::invalid_argument, "the file has no CA",
                 "export with a key, or import without --ca"};
  return key;
}

result<void> run_import(session& s, const arguments& args) {
  const auto file = s.system.working_folder() / args.words()[0];
  auto index = [&] {
    progress_bar bar{s, "checking"};
    return check_copy(file, [&](uint64_t done, uint64_t all) {
      bar(done, all);
    });
  }();
  if (!index)
    return index.error();
  const auto registry
    = std::find_if(index->parts.begin(), index->parts.end(),
                   [](const auto& part) { return part.kind == "registry"; });
  if (registry == index->parts.end() || registry->bytes > longest_registry)
    return error{errc::invalid_argument,
                 args.words()[0] + " has no registry in it"};
  auto text = read_registry(file, *registry);
  if (!text)
    return text.error();
  auto facts = facts_of(*text);
  if (!facts)
    return facts.error();
  auto key = key_for(s, args, *index, *facts);
  if (!key)
    return key.error();
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target};
  if (auto ok = upload_bundles(s, gateway, file, *index); !ok)
    return ok;
  const std::string query
    = std::string{args.has("replace") ? "?replace=true" : "?replace=false"}
      + (args.has("ca") ? "&ca=true" : "");
  auto done = gateway.import_registry(query,
                                      key_object(*key).dump() + "\n" + *text);
  if (!done)
    return done.error();
  tell_import(s, args, *done, !facts->has_secrets);
  return {};
}

constexpr option import_options[] = {
  copy_key_options[0],
  copy_key_options[1],
  {"replace", flag, "remove what is there"},
  {"ca", flag, "take the file's CA over, in the place of this cluster's own"},
  {"json", flag, "print JSON"},
};

} // namespace

const command import_command{
  .name = "import",
  .words = "FILE",
  .summary = "Bring an exported registry into this one",
  .details
  = "The file is checked first; a cut or changed one changes nothing. Bundles "
    "that\nare missing are uploaded (an import that was broken off goes on), "
    "then\neverything changes in one step, in a new history. A registry that is "
    "not empty\nneeds --replace. --ca also takes the file's CA over, so that "
    "the nodes of that\ncluster connect again; nodes that joined this one do "
    "not any more.\n",
  .examples = "  faas-cli import backup.petrel --passphrase-file phrase.txt\n"
              "  faas-cli import backup.petrel --key-file key.hex --replace "
              "--ca\n",
  .options = import_options,
  .asks_gateway = true,
  .min_words = 1,
  .max_words = 1,
  .run = run_import};

} // namespace faas::cli
