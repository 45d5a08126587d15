// The whole registry as text: out by POST /system/registry/export, in by PUT
// /system/registry. Bundles travel apart from it, by their digests.
#include "gateway/api/context.hpp"
#include "gateway/api/query_string.hpp"
#include "gateway/api/views.hpp"
#include "libfaas/bundles/uses.hpp"
#include "libfaas/core/secret_text.hpp"
#include "libfaas/ports/bundle_store.hpp"
#include "libfaas/ports/registry_copy.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace faas::api {
namespace {

using nlohmann::json;

/// The line with the key, in front of a copy.
constexpr size_t max_key_line = 1024;
/// Bundles that an error names.
constexpr size_t max_named = 5;

using sealer_ptr = std::shared_ptr<const secret_sealer>;

error no_porter() {
  return {errc::unavailable, "this node does not keep the registry",
          "ask the controller's node (see faas-cli nodes)"};
}

/// {"key": "64 hex digits"}; null when there is none.
result<sealer_ptr> sealer_in(const registry_porter& porter,
                             std::string& text) {
  auto value = text.empty() ? json::object()
                            : json::parse(text, nullptr, false);
  wipe(text);
  if (!value.is_object())
    return error{errc::invalid_argument, "the key is missing",
                 "send {\"key\": \"64 HEX DIGITS\"}, or {} for a copy without "
                 "secrets"};
  const auto found = value.find("key");
  if (found == value.end())
    return sealer_ptr{};
  if (!found->is_string())
    return error{errc::invalid_argument, "the key is no text"};
  auto sealer = porter.sealer_of(found->get_ref<const std::string&>());
  wipe(found->get_ref<std::string&>());
  return sealer;
}

void answer_copy(const context_ptr& context, const answer_ptr& answer,
                 const sealer_ptr& seal, registry_copy copy) {
  const auto& porter = *context->porter;
  if (seal) {
    auto trust = porter.copy_trust(*seal);
    if (trust)
      copy.trust = std::move(*trust);
    else if (trust.error().code != errc::unavailable)
      return respond(answer, trust.error());
  }
  auto& store = context->bundles;
  auto text = porter.write(copy, [&](const digest& id) {
    const auto size = store.size(id);
    if (size)
      store.touch(id, context->clock.wall()); // it will be asked for now
    return size ? std::optional{*size} : std::nullopt;
  });
  answer->respond({200, "application/x-ndjson", {}, std::move(text)});
}

/// What the functions of the copy cannot do without, and is not here.
std::vector<digest> missing_in(api_context& context,
                               const registry_copy& copy) {
  std::vector<digest> missing;
  for (const auto& [id, uses] : bundles::uses_of(copy.catalog, {})) {
    const bool needed = std::any_of(uses.begin(), uses.end(),
                                    [](const auto& use) { return !use.spare; });
    if (context.bundles.has(id))
      context.bundles.touch(id, context.clock.wall());
    else if (needed)
      missing.push_back(id);
  }
  return missing;
}

error bundles_missing(const std::vector<digest>& missing) {
  std::string names;
  for (size_t i = 0; i < missing.size() && i < max_named; ++i)
    names += (i > 0 ? ", " : "") + missing[i].hex().substr(0, 12);
  return {errc::conflict,
          std::to_string(missing.size())
            + " bundles of the copy are not here: " + names,
          "upload them first, as faas-cli import does; nothing was changed"};
}

json outcome_of(const replace_registry_outcome& done) {
  json out{{"history", done.at.history},
           {"number", done.at.number},
           {"repeated", done.repeated},
           {"functions", done.functions},
           {"secrets", done.secrets},
           {"missing_secrets", json::array()}};
  for (const auto& name : done.missing)
    out["missing_secrets"].push_back(name.str());
  return out;
}

/// One import. Its pieces come one after the other, each on a helper thread.
class import_work {
public:
  import_work(context_ptr context, request_id id, bool replace, bool with_trust,
              answer_ptr answer)
    : context_(std::move(context)), answer_(std::move(answer)),
      reader_(context_->porter->reader()) {
    command_.id = std::move(id);
    command_.replace = replace;
    with_trust_ = with_trust;
  }
  ~import_work() { wipe(key_line_); }

  bool write(std::string_view bytes) {
    if (!answer_)
      return false;
    if (!has_key_) {
      const auto end = bytes.find('\n');
      key_line_.append(bytes.substr(0, std::min(end, bytes.size())));
      if (key_line_.size() > max_key_line)
        return fail({errc::invalid_argument, "the first line has no key"});
      if (end == bytes.npos)
        return true;
      auto sealer = sealer_in(*context_->porter, key_line_);
      if (!sealer)
        return fail(sealer.error());
      command_.opener = std::move(*sealer);
      has_key_ = true;
      bytes.remove_prefix(end + 1);
    }
    auto added = reader_->add(bytes);
    return added ? true : fail(added.error());
  }

  void finish() {
    if (!answer_)
      return;
    auto copy = reader_->end();
    if (!copy) {
      fail(copy.error());
      return;
    }
    if (auto good = check(*copy); !good) {
      fail(good.error());
      return;
    }
    if (const auto missing = missing_in(*context_, *copy); !missing.empty()) {
      fail(bundles_missing(missing));
      return;
    }
    command_.history = context_->porter->new_history();
    command_.copy = std::make_shared<const registry_copy>(std::move(*copy));
    send();
  }

private:
  bool fail(const error& what) {
    if (answer_)
      respond(std::exchange(answer_, nullptr), what);
    return false;
  }

  void send() {
    auto answer = std::exchange(answer_, nullptr);
    const auto trust = with_trust_ ? command_.copy->trust : std::nullopt;
    if (with_trust_ && (!trust || !command_.opener))
      return respond(answer, {errc::invalid_argument,
                              "the copy has no authority of a cluster",
                              "import it without --ca"});
    context_->admin.replace_registry(
      std::move(command_),
      [context = context_, answer, trust, opener = command_.opener](
        result<replace_registry_outcome> done) {
        if (!done)
          return respond(answer, done.error());
        run_blocking(context, answer, [context, answer, trust, opener, done] {
          end_import(context, answer, trust, opener, *done);
        });
      });
  }

  static void end_import(const context_ptr& context, const answer_ptr& answer,
                         const std::optional<sealed_secret>& trust,
                         const sealer_ptr& opener,
                         const replace_registry_outcome& done) {
    auto out = outcome_of(done);
    if (trust) {
      auto cluster = context->porter->stage_trust(*trust, *opener);
      if (!cluster && cluster.error().code != errc::conflict)
        return respond(answer,
                       {cluster.error().code,
                        "functions and secrets are imported, the cluster's "
                        "authority is not: "
                          + cluster.error().message,
                        "repeat the import with --replace --ca"});
      if (cluster) // else it is this cluster's already
        out["ca"] = *cluster;
    }
    answer->respond(json_response(to_text(out)));
  }

  context_ptr context_;
  answer_ptr answer_;
  std::unique_ptr<registry_copy_reader> reader_;
  replace_registry_command command_;
  bool with_trust_ = false, has_key_ = false;
  std::string key_line_;
};

class import_stream final : public body_stream {
public:
  import_stream(context_ptr context, std::shared_ptr<import_work> work,
                answer_ptr answer)
    : context_(std::move(context)), work_(std::move(work)),
      answer_(std::move(answer)) {}

  void piece(std::string bytes, std::function<void()> more) override {
    run_blocking(context_, answer_,
                 [work = work_, bytes = std::move(bytes),
                  more = std::move(more)] {
                   if (work->write(bytes))
                     more();
                 });
  }
  void end() override {
    run_blocking(context_, answer_, [work = work_] { work->finish(); });
  }
  void aborted() noexcept override { work_.reset(); }

private:
  context_ptr context_;
  std::shared_ptr<import_work> work_;
  answer_ptr answer_;
};

} // namespace

void export_registry(const context_ptr& context, api_request request,
                     answer_ptr answer) {
  if (context->porter == nullptr)
    return respond(answer, no_porter());
  auto seal = sealer_in(*context->porter, request.body);
  if (!seal)
    return respond(answer, seal.error());
  context->admin.copy_registry(
    *seal, [context, answer, seal = *seal](result<registry_copy> copy) {
      if (!copy)
        return respond(answer, copy.error());
      auto kept = std::make_shared<registry_copy>(std::move(*copy));
      run_blocking(context, answer, [context, answer, seal, kept] {
        answer_copy(context, answer, seal, std::move(*kept));
      });
    });
}

std::shared_ptr<body_stream> import_registry(const context_ptr& context,
                                             const api_request& head,
                                             answer_ptr answer,
                                             api_response& refusal) {
  if (context->porter == nullptr) {
    refusal = error_response(no_porter());
    return nullptr;
  }
  const auto wanted = [&](const char* key) {
    return query_value(head.query, key) == "true";
  };
  if (wanted("ca"))
    if (auto can = context->porter->takes_trust(); !can) {
      refusal = error_response(can.error());
      return nullptr;
    }
  auto work = std::make_shared<import_work>(context, context->id_of(head),
                                            wanted("replace"), wanted("ca"),
                                            answer);
  return std::make_shared<import_stream>(context, std::move(work),
                                         std::move(answer));
}

} // namespace faas::api
