#include "gateway/api/bundle_sink.hpp"

#include "gateway/api/views.hpp"

#include <nlohmann/json.hpp>

namespace faas::api {
namespace {

error too_large() {
  return {errc::too_large,
          "a bundle may have "
            + std::to_string(limits::bundle_bytes / limits::mib) + " MiB",
          "leave out files that the function does not need"};
}

class whole final : public bundle_sink {
public:
  whole(context_ptr context, digest id, uint64_t announced, answer_ptr answer)
    : context_(std::move(context)), id_(id), announced_(announced),
      answer_(std::move(answer)) {}

  uint64_t room() override {
    return context_->bundles.has(id_) ? 0 : announced_;
  }
  bool write(std::string_view bytes) override {
    if (!answer_ || !begin())
      return false;
    written_ += bytes.size();
    if (written_ > limits::bundle_bytes)
      return fail(too_large());
    if (auto done = upload_->write(bytes); !done)
      return fail(done.error());
    return true;
  }
  void finish() override {
    if (!answer_ || !begin())
      return;
    if (auto done = upload_->commit(); !done) {
      fail(done.error());
      return;
    }
    answer(201);
  }
  void refuse(const error& what) override { fail(what); }

private:
  bool begin() {
    if (upload_)
      return true;
    if (context_->bundles.has(id_)) {
      context_->bundles.touch(id_, context_->clock.wall());
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
    if (answer_)
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
  uint64_t announced_;
  answer_ptr answer_;
  std::unique_ptr<bundle_upload> upload_;
  uint64_t written_ = 0;
};

class chunk final : public bundle_sink {
public:
  chunk(context_ptr context, digest id, uint64_t offset, uint64_t total,
        answer_ptr answer)
    : context_(std::move(context)), id_(id), offset_(offset), total_(total),
      answer_(std::move(answer)) {}

  uint64_t room() override {
    return offset_ == 0 && !context_->bundles.has(id_)
               && context_->bundles.progress(id_).total == 0
             ? total_
             : 0;
  }
  bool write(std::string_view bytes) override {
    if (!answer_ || !begin())
      return false;
    if (auto done = upload_->write(bytes); !done)
      return fail(done.error());
    offset_ += bytes.size();
    return true;
  }
  void finish() override {
    if (!answer_ || !begin())
      return;
    if (auto kept = upload_->checkpoint(); !kept) {
      fail(kept.error());
      return;
    }
    if (offset_ < total_)
      return answer(200);
    if (auto done = upload_->commit(); !done)
      fail(done.error());
    else
      answer(201);
  }
  void refuse(const error& what) override { fail(what); }

private:
  bool begin() {
    if (upload_)
      return true;
    if (context_->bundles.has(id_)) {
      context_->bundles.touch(id_, context_->clock.wall());
      offset_ = total_;
      answer(200);
      return false;
    }
    auto opened = context_->bundles.resume(id_, offset_, total_);
    if (!opened)
      return fail(opened.error());
    upload_ = std::move(*opened);
    return true;
  }
  bool fail(const error& what) {
    upload_.reset();
    if (!answer_)
      return false;
    auto response = error_response(what);
    if (what.code == errc::conflict)
      response.headers.push_back(
        {"Upload-Offset",
         std::to_string(context_->bundles.progress(id_).received)});
    std::exchange(answer_, nullptr)->respond(std::move(response));
    return false;
  }
  void answer(uint16_t status) {
    upload_.reset();
    auto response = json_response(to_text({{"digest", "sha256:" + id_.hex()},
                                           {"offset", offset_},
                                           {"total", total_}}),
                                  status);
    response.headers.push_back({"Upload-Offset", std::to_string(offset_)});
    std::exchange(answer_, nullptr)->respond(std::move(response));
  }

  context_ptr context_;
  digest id_;
  uint64_t offset_, total_;
  answer_ptr answer_;
  std::unique_ptr<bundle_upload> upload_;
};

} // namespace

std::shared_ptr<bundle_sink> whole_sink(context_ptr context, digest id,
                                        uint64_t announced, answer_ptr answer) {
  return std::make_shared<whole>(std::move(context), id, announced,
                                 std::move(answer));
}

std::shared_ptr<bundle_sink> chunk_sink(context_ptr context, digest id,
                                        uint64_t offset, uint64_t total,
                                        answer_ptr answer) {
  return std::make_shared<chunk>(std::move(context), id, offset, total,
                                 std::move(answer));
}

} // namespace faas::api
