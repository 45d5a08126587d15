// Bundles: is it here, and uploads by digest.
#include "gateway/api/context.hpp"
#include "gateway/api/views.hpp"
#include "libfaas/ports/bundle_store.hpp"

#include <nlohmann/json.hpp>

namespace faas::api {
namespace {

/// The store's side of one upload; used by one helper thread at a time, since
/// the next piece comes only after the last one was written.
class bundle_writer {
public:
  bundle_writer(context_ptr context, digest id, answer_ptr answer)
    : context_(std::move(context)), id_(id), answer_(std::move(answer)) {}

  /// False: answered already, no more pieces.
  bool write(std::string_view bytes) {
    if (!answer_ || !begin())
      return false;
    written_ += bytes.size();
    if (written_ > limits::bundle_bytes)
      return fail({errc::too_large,
                   "a bundle may have "
                     + std::to_string(limits::bundle_bytes / limits::mib)
                     + " MiB",
                   "leave out files that the function does not need"});
    if (auto done = upload_->write(bytes); !done)
      return fail(done.error());
    return true;
  }

  void commit() {
    if (!answer_ || !begin())
      return;
    if (auto done = upload_->commit(); !done) {
      fail(done.error());
      return;
    }
    answer(201);
  }

private:
  bool begin() {
    if (upload_)
      return true;
    if (context_->bundles.has(id_)) {
      answer(200);
      return false;
    }
    auto opened = context_->bundles.begin(id_);
    if (!opened)
      return fail(opened.error());
    upload_ = std::move(*opened);
    return true;
  }
  bool fail(const error& what) {
    upload_.reset(); // gives the space back before the client reacts
    respond(std::exchange(answer_, nullptr), what);
    return false;
  }
  void answer(uint16_t status) {
    upload_.reset();
    std::exchange(answer_, nullptr)
      ->respond(
        json_response(to_text({{"digest", "sha256:" + id_.hex()}}), status));
  }

  context_ptr context_;
  digest id_;
  answer_ptr answer_;
  std::unique_ptr<bundle_upload> upload_;
  uint64_t written_ = 0;
};

/// The loop's side: hands the pieces to a helper thread.
class bundle_stream final : public body_stream {
public:
  bundle_stream(context_ptr context, digest id, answer_ptr answer)
    : context_(context), answer_(answer),
      writer_(std::make_shared<bundle_writer>(std::move(context), id,
                                              std::move(answer))) {}

  void piece(std::string bytes, std::function<void()> more) override {
    run_blocking(
      context_, answer_,
      [writer = writer_, bytes = std::move(bytes), more = std::move(more)] {
        if (writer->write(bytes))
          more();
      });
  }
  void end() override {
    run_blocking(context_, answer_, [writer = writer_] { writer->commit(); });
  }
  void aborted() noexcept override {
    // The unfinished upload is deleted: that touches the disk.
    auto writer = std::exchange(writer_, nullptr);
    context_->pool.run([writer = std::move(writer)] {});
  }

private:
  context_ptr context_;
  answer_ptr answer_;
  std::shared_ptr<bundle_writer> writer_;
};

} // namespace

void has_bundle(const context_ptr& context, std::string_view name,
                answer_ptr answer) {
  const auto id = digest::parse(name);
  if (!id)
    return respond(answer, id.error());
  run_blocking(context, answer, [context, answer, id = *id] {
    if (context->bundles.has(id))
      answer->respond({200, "application/octet-stream", {}, {}});
    else
      respond(answer, {errc::not_found, "the bundle is not here",
                       "upload it with PUT"});
  });
}

std::shared_ptr<body_stream> put_bundle(const context_ptr& context,
                                        std::string_view name,
                                        answer_ptr answer,
                                        api_response& refusal) {
  const auto id = digest::parse(name);
  if (!id) {
    refusal = error_response(id.error());
    return nullptr;
  }
  return std::make_shared<bundle_stream>(context, *id, std::move(answer));
}

} // namespace faas::api
