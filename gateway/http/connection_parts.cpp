// Answers that come in parts: chunks of one answer, as the function makes them.
#include "gateway/http/answer_stream.hpp"
#include "gateway/http/connection.hpp"

namespace faas::http {
namespace {

/// Unsent bytes above which the function has to wait.
constexpr size_t most_unsent = 64 * 1024;

} // namespace

/// Knows the loop's queue and numbers, never the connection itself.
class connection::parts final : public answer_stream {
public:
  parts(http_loop& loop, uint64_t connection)
    : loop_(loop), tasks_(loop.tasks()), connection_(connection) {}

  /// Loop only, while nobody else has it.
  void begin(uint64_t request) noexcept { request_ = request; }

private:
  void wake() override {
    // The task runs on the loop only while the loop lives.
    tasks_->post([loop = &loop_, id = connection_, request = request_] {
      if (auto* open = loop->find_connection(id))
        open->parts_came(request);
    });
  }

  http_loop& loop_;
  std::shared_ptr<task_queue> tasks_;
  const uint64_t connection_;
  uint64_t request_ = 0;
};

/// HTTP/1.0 has no chunks, and an answer to HEAD no body: null, they get it
/// whole.
std::shared_ptr<answer_parts> connection::open_parts() {
  if (http_1_0_ || head_only_)
    return {};
  if (!parts_)
    parts_ = std::make_shared<parts>(loop_, id_);
  parts_->begin(request_number_);
  return parts_;
}

/// Its event is answered: who still has it finds nobody.
void connection::leave_parts() noexcept {
  if (!parts_ || (parts_.use_count() == 1 && !parts_->began()))
    return; // good for the next event
  parts_->close();
  parts_.reset();
}

void connection::parts_came(uint64_t request) {
  if (request == request_number_ && phase_ == phase::waiting)
    settle();
}

bool connection::has_parts() const noexcept {
  return parts_ && parts_->began();
}

/// Writes what the function has sent, if the client reads; false: nothing.
bool connection::send_parts() {
  if (phase_ != phase::waiting || !has_parts() || out_.size() >= most_unsent)
    return false;
  const auto before = out_.size();
  write_parts();
  return out_.size() > before;
}

void connection::write_parts() {
  auto came = parts_->take();
  if (came.head) {
    keep_alive_ = keep_alive_ && !loop_.draining();
    parts_status_ = came.head->status;
    chunks_ = write_parts_head(out_, *came.head, context({}));
  }
  if (chunks_ && !came.bytes.empty())
    write_chunk(out_, came.bytes);
}

/// The end of an answer that has begun. After a failure the last chunk is
/// missing, so that the client does not take it for whole.
void connection::end_parts(const reply& answer) {
  write_parts();
  const bool good = answer.code == errc::ok;
  if (!good)
    keep_alive_ = false;
  if (good && chunks_) {
    if (!answer.body.empty())
      write_chunk(out_, answer.body.view());
    write_chunk(out_, {});
  }
  cells_->answered(good ? parts_status_ : http_status(answer.code),
                   loop_.now() - accepted_);
}

} // namespace faas::http
