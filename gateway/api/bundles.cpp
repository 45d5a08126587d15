// Bundles: which are missing, uploads whole and in chunks, what is kept.
#include "gateway/api/bundle_sink.hpp"
#include "gateway/api/context.hpp"
#include "gateway/api/query_string.hpp"
#include "gateway/api/views.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace faas::api {
namespace {

using nlohmann::json;

constexpr size_t max_asked = 256;
/// What one answer has of a bundle at most.
constexpr size_t part_bytes = 8 * limits::mib;

std::optional<uint64_t> number_of(const api_request& head,
                                  std::string_view name) {
  const auto* text = find_header(head.headers, name);
  if (text == nullptr)
    return std::nullopt;
  uint64_t number = 0;
  const auto* end = text->data() + text->size();
  const auto [at, failed] = std::from_chars(text->data(), end, number);
  return failed == std::errc{} && at == end ? std::optional{number}
                                            : std::nullopt;
}

/// The loop's side: asks for room once, then hands the pieces to a helper
/// thread.
class bundle_stream final : public body_stream {
public:
  bundle_stream(context_ptr context, std::shared_ptr<bundle_sink> sink,
                answer_ptr answer)
    : context_(std::move(context)), sink_(std::move(sink)),
      answer_(std::move(answer)) {}

  void piece(std::string bytes, std::function<void()> more) override {
    go([sink = sink_, bytes = std::move(bytes), more = std::move(more)] {
      if (sink->write(bytes))
        more();
    });
  }
  void end() override {
    go([sink = sink_] { sink->finish(); });
  }
  void aborted() noexcept override {
    // What is unfinished is closed or deleted: that touches the disk.
    auto sink = std::exchange(sink_, nullptr);
    context_->pool.run([sink = std::move(sink)] {});
  }

private:
  void go(std::function<void()> task) {
    if (std::exchange(asked_, true))
      return run_blocking(context_, answer_, std::move(task));
    run_blocking(context_, answer_,
                 [context = context_, sink = sink_, answer = answer_,
                  task = std::move(task)] {
                   with_room(context, sink, answer, task);
                 });
  }
  static void with_room(const context_ptr& context,
                        const std::shared_ptr<bundle_sink>& sink,
                        const answer_ptr& answer,
                        const std::function<void()>& task) {
    const auto need = sink->room();
    if (need == 0)
      return task();
    context->admin.bundles(
      {bundles_command::action::make_room, need},
      [context, sink, answer, task](result<bundles_status> made) {
        // A node without controller has a cache, which bounds itself.
        if (!made && made.error().code == errc::storage_full)
          run_blocking(context, answer,
                       [sink, why = made.error()] { sink->refuse(why); });
        else
          run_blocking(context, answer, task);
      });
  }

  context_ptr context_;
  std::shared_ptr<bundle_sink> sink_;
  answer_ptr answer_;
  bool asked_ = false;
};

result<std::vector<digest>> read_asked(const std::string& body) {
  const auto value = json::parse(body, nullptr, false);
  const auto list = value.is_object() ? value.find("bundles") : value.end();
  if (!value.is_object() || list == value.end() || !list->is_array())
    return error{errc::invalid_argument, "the body names no bundles",
                 "send {\"bundles\": [\"sha256:DIGEST\", ...]}"};
  if (list->size() > max_asked)
    return error{errc::too_large,
                 "at most " + std::to_string(max_asked) + " at a time"};
  std::vector<digest> all;
  for (const auto& one : *list) {
    auto id = digest::parse(one.is_string() ? one.get<std::string>() : "");
    if (!id)
      return id.error();
    all.push_back(*id);
  }
  return all;
}

json missing_of(api_context& context, const std::vector<digest>& asked) {
  auto missing = json::array();
  for (const auto& id : asked) {
    if (context.bundles.has(id)) {
      context.bundles.touch(id, context.clock.wall());
      continue;
    }
    const auto here = context.bundles.progress(id);
    missing.push_back({{"digest", "sha256:" + id.hex()},
                       {"offset", here.received},
                       {"total", here.total}});
  }
  return {{"missing", std::move(missing)}};
}

} // namespace

void has_bundle(const context_ptr& context, std::string_view name,
                answer_ptr answer) {
  const auto id = digest::parse(name);
  if (!id)
    return respond(answer, id.error());
  run_blocking(context, answer, [context, answer, id = *id] {
    if (context->bundles.has(id)) {
      context->bundles.touch(id, context->clock.wall());
      answer->respond({200, "application/octet-stream", {}, {}});
    } else {
      respond(answer, {errc::not_found, "the bundle is not here",
                       "upload it with PUT"});
    }
  });
}

void get_bundle(const context_ptr& context, const api_request& request,
                std::string_view name, answer_ptr answer) {
  if (request.method == "HEAD")
    return has_bundle(context, name, std::move(answer));
  const auto id = digest::parse(name);
  if (!id)
    return respond(answer, id.error());
  const auto asked = query_value(request.query, "offset");
  uint64_t offset = 0;
  const auto* end = asked.data() + asked.size();
  if (!asked.empty() && std::from_chars(asked.data(), end, offset).ptr != end)
    return respond(answer, {errc::invalid_argument, "offset is no number"});
  run_blocking(context, answer, [context, answer, id = *id, offset] {
    auto& store = context->bundles;
    const auto size = store.size(id);
    if (!size)
      return respond(answer, size.error());
    if (offset > *size)
      return respond(answer, {errc::invalid_argument,
                              "offset is behind the end of the bundle"});
    store.touch(id, context->clock.wall());
    auto bytes = store.read(id, offset, part_bytes);
    if (!bytes)
      return respond(answer, bytes.error());
    answer->respond({200,
                     "application/octet-stream",
                     {{"Bundle-Length", std::to_string(*size)}},
                     std::move(*bytes)});
  });
}

void missing_bundles(const context_ptr& context, const api_request& request,
                     answer_ptr answer) {
  auto asked = read_asked(request.body);
  if (!asked)
    return respond(answer, asked.error());
  run_blocking(context, answer, [context, answer, asked = std::move(*asked)] {
    answer->respond(json_response(to_text(missing_of(*context, asked))));
  });
}

std::shared_ptr<body_stream> put_bundle(const context_ptr& context,
                                        const api_request& head,
                                        std::string_view name,
                                        answer_ptr answer,
                                        api_response& refusal) {
  const auto id = digest::parse(name);
  if (!id) {
    refusal = error_response(id.error());
    return nullptr;
  }
  auto sink = whole_sink(context, *id,
                         number_of(head, "content-length").value_or(1), answer);
  return std::make_shared<bundle_stream>(context, std::move(sink),
                                         std::move(answer));
}

std::shared_ptr<body_stream> patch_bundle(const context_ptr& context,
                                          const api_request& head,
                                          std::string_view name,
                                          answer_ptr answer,
                                          api_response& refusal) {
  const auto id = digest::parse(name);
  const auto offset = number_of(head, "upload-offset");
  const auto total = number_of(head, "upload-length");
  if (!id || !offset || !total || *offset > *total) {
    refusal = error_response(
      id ? error{errc::invalid_argument,
                 "Upload-Offset and Upload-Length must be numbers, the first "
                 "not above the second",
                 "POST /system/bundles/missing tells where to go on"}
         : id.error());
    return nullptr;
  }
  auto sink = chunk_sink(context, *id, *offset, *total, answer);
  return std::make_shared<bundle_stream>(context, std::move(sink),
                                         std::move(answer));
}

void list_bundles(const context_ptr& context, answer_ptr answer) {
  context->admin.bundles(
    {bundles_command::action::list, 0},
    [context, answer](result<bundles_status> all) {
      if (!all)
        return respond(answer, all.error());
      answer->respond(
        json_response(to_text(bundles_json(*all, context->clock.wall()))));
    });
}

void collect_bundles(const context_ptr& context, const api_request& request,
                     answer_ptr answer) {
  const auto dry = query_value(request.query, "dry_run");
  if (dry != "" && dry != "true" && dry != "1")
    return respond(answer, {errc::invalid_argument,
                            "dry_run is true or left out"});
  context->admin.bundles(
    {dry.empty() ? bundles_command::action::collect
                 : bundles_command::action::plan,
     0},
    [context, answer](result<bundles_status> all) {
      if (!all)
        return respond(answer, all.error());
      answer->respond(
        json_response(to_text(bundles_json(*all, context->clock.wall()))));
    });
}

} // namespace faas::api
