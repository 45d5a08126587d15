// export: the whole registry into one file.
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/copy_facts.hpp"
#include "tools/faas-cli/copy_file.hpp"
#include "tools/faas-cli/gateway_api.hpp"

#include <ctime>
#include <ostream>

namespace faas::cli {
namespace {

using enum option::kind;

std::string time_text(wall_time at) {
  const auto seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

result<void> write_bundle(gateway_api& gateway, copy_writer& file,
                          const digest& id, uint64_t bytes,
                          const std::function<void(uint64_t)>& done) {
  if (auto ok = file.begin_part("bundle", bytes, id); !ok)
    return ok;
  for (uint64_t at = 0; at < bytes;) {
    auto part = gateway.bundle_part(id, at);
    if (!part)
      return part.error();
    if (part->empty())
      break; // end_part() says that bytes are missing
    if (auto ok = file.write(*part); !ok)
      return ok;
    at += part->size();
    done(part->size());
  }
  return file.end_part();
}

result<void> write_all(session& s, gateway_api& gateway, copy_writer& file,
                       const std::string& text, const registry_facts& facts) {
  uint64_t total = text.size(), done = text.size();
  for (const auto& [id, bytes] : facts.bundles)
    total += bytes;
  progress_bar bar{s, "exporting"};
  if (auto ok = file.begin_part("registry", text.size()); !ok)
    return ok;
  if (auto ok = file.write(text); !ok)
    return ok;
  if (auto ok = file.end_part(); !ok)
    return ok;
  bar(done, total);
  for (const auto& [id, bytes] : facts.bundles)
    if (auto ok = write_bundle(gateway, file, id, bytes,
                               [&](uint64_t more) { bar(done += more, total); });
        !ok)
      return ok;
  return file.finish();
}

void tell_export(session& s, const arguments& args, const std::string& name,
                 const registry_facts& facts) {
  if (args.has("json")) {
    s.out << json{{"file", name},
                  {"functions", facts.functions},
                  {"bundles", facts.bundles.size()},
                  {"absent_bundles", facts.absent},
                  {"secrets", facts.secrets},
                  {"secrets_left_out", !facts.has_secrets},
                  {"ca", facts.has_ca}}
               .dump(2)
          << '\n';
    return;
  }
  s.out << name << ": " << facts.functions << " functions, "
        << facts.bundles.size() << " bundles, ";
  if (facts.has_secrets)
    s.out << facts.secrets << " secrets" << (facts.has_ca ? ", the CA" : "")
          << '\n';
  else
    s.out << "no secrets and no CA: no key was given for them\n";
  if (facts.absent > 0)
    s.out << facts.absent
          << " bundles of older versions are not stored any more; a rollback "
             "to those needs a new deploy\n";
}

result<void> run_export(session& s, const arguments& args) {
  auto key = make_copy_key(s, args);
  if (!key)
    return key.error();
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target};
  const auto& name = args.words()[0];
  auto file = copy_writer::open(s.system.working_folder() / name,
                                args.has("force"), time_text(s.system.wall()),
                                key->about);
  if (!file)
    return file.error();
  auto body = key_object(*key);
  auto text = gateway.export_registry(body);
  if (body.contains("key"))
    wipe(body["key"].get_ref<std::string&>());
  if (!text)
    return text.error();
  auto facts = facts_of(*text);
  if (!facts)
    return facts.error();
  if (auto done = write_all(s, gateway, *file, *text, *facts); !done)
    return done;
  tell_export(s, args, name, *facts);
  return {};
}

constexpr option export_options[] = {
  copy_key_options[0],
  copy_key_options[1],
  {"force", flag, "replace the file when it exists"},
  {"json", flag, "print JSON"},
};

} // namespace

const command export_command{
  .name = "export",
  .words = "FILE",
  .summary = "Write the whole registry into one file",
  .details
  = "Functions with their versions, aliases, shares and rollouts, and the "
    "bundles;\nwith a key also secrets and the cluster's CA, sealed by it "
    "(AES-256-GCM, and\nscrypt for a passphrase). Without a key these are left "
    "out. Each part has a\ndigest.\n",
  .examples = "  faas-cli export backup.petrel --passphrase-file phrase.txt\n"
              "  faas-cli export backup.petrel --key-file key.hex --json\n",
  .options = export_options,
  .asks_gateway = true,
  .min_words = 1,
  .max_words = 1,
  .run = run_export};

} // namespace faas::cli
