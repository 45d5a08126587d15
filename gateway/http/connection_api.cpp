// Requests that are not events: handed to the management API.
#include "gateway/http/connection.hpp"

namespace faas::http {
namespace {

constexpr size_t upload_piece = 256 * 1024;
/// A client that reads a stream this slowly is closed.
constexpr size_t max_stream_backlog = 1024 * 1024;

/// The connection's answer, for other threads. It knows the loop's queue, the
/// number of the connection and of the request; never the objects themselves.
class http_exchange final : public api::exchange {
public:
  http_exchange(http_loop& loop, uint64_t connection, uint64_t request,
                std::shared_ptr<std::atomic<bool>> open)
    : loop_(loop), tasks_(loop.tasks()), connection_(connection),
      request_(request), open_(std::move(open)) {}

  ~http_exchange() override {
    if (!answered_.load())
      respond({500,
               "text/plain; charset=utf-8",
               {},
               "the request was dropped unanswered; see the node's log\n"});
    else if (streaming_.load())
      end();
  }

  void respond(api::api_response response) override {
    if (!answered_.exchange(true))
      call([request = request_, response = std::move(response)](
             connection& to) { to.api_respond(request, response); });
  }
  void begin(api::api_response head) override {
    if (answered_.exchange(true))
      return;
    streaming_ = true;
    call([request = request_, head = std::move(head)](connection& to) {
      to.api_begin(request, head);
    });
  }
  bool write(std::string bytes) override {
    if (!open_->load())
      return false;
    return call([request = request_, bytes = std::move(bytes)](connection& to) {
      to.api_write(request, bytes);
    });
  }
  void end() override {
    if (streaming_.exchange(false))
      call([request = request_](connection& to) { to.api_end(request); });
  }

private:
  template <class F>
  bool call(F f) {
    // The task runs on the loop only while the loop lives.
    return tasks_->post([loop = &loop_, id = connection_, f = std::move(f)] {
      if (auto* open = loop->find_connection(id))
        f(*open);
    });
  }

  http_loop& loop_;
  std::shared_ptr<task_queue> tasks_;
  const uint64_t connection_, request_;
  std::shared_ptr<std::atomic<bool>> open_;
  std::atomic<bool> answered_{false}, streaming_{false};
};

} // namespace

void connection::begin_api(const request_head& head,
                           const target_parts& target) {
  api_request_ = {};
  api_request_.method = head.method;
  api_request_.path
    = split_target(head.target).what == target_parts::kind::async_function
        ? "/async-function/" + std::string{target.name}
        : std::string{target.path};
  api_request_.query = target.query;
  for (const auto& field : head.fields)
    api_request_.headers.push_back(
      {std::string{field.name}, std::string{field.value}});
  api_open_ = std::make_shared<std::atomic<bool>>(true);
  api_answer_
    = std::make_shared<http_exchange>(loop_, id_, request_number_, api_open_);
  phase_ = phase::api;
  auto admitted = loop_.api().admit(api_request_, api_answer_);
  if (admitted.refusal != 0) {
    admitted.response.status = admitted.refusal;
    const auto answer = std::move(api_answer_);
    api_respond(request_number_, std::move(admitted.response));
    answer->respond({}); // marks it answered; the connection ignores it
    return;
  }
  if (!has_body_ && !admitted.stream)
    return hand_over_api();
  body_limit_ = admitted.max_body;
  upload_ = std::move(admitted.stream);
  phase_ = upload_ ? phase::upload : phase::body;
  phase_since_ = loop_.coarse_now();
  upload_paused_ = upload_done_ = false;
  if (upload_)
    api_answer_.reset(); // the stream answers
  if (expects_continue_ && in_.empty())
    out_.append("HTTP/1.1 100 Continue\r\n\r\n");
}

void connection::hand_over_api() {
  phase_ = phase::api;
  api_request_.body = std::move(body_);
  body_ = {};
  loop_.api().handle(std::move(api_request_), std::move(api_answer_));
}

bool connection::step_upload() {
  size_t used = 0;
  auto status = parse_status::done;
  if (has_body_) {
    status
      = parser_->parse_body(in_.view().substr(0, upload_piece), used, *this);
    in_.consume(used);
  }
  if (status != parse_status::done && status != parse_status::need_more) {
    bad_request(status);
    return true;
  }
  upload_done_ = status == parse_status::done;
  if (upload_done_)
    has_body_ = false;
  if (body_.empty() && !upload_done_)
    return false;
  phase_since_ = loop_.coarse_now();
  upload_paused_ = true;
  if (body_.empty()) {
    api_more(request_number_);
    return false;
  }
  upload_->piece(std::exchange(body_, {}),
                 [tasks = loop_.tasks(), loop = &loop_, id = id_,
                  request = request_number_] {
                   tasks->post([loop, id, request] {
                     if (auto* open = loop->find_connection(id))
                       open->api_more(request);
                   });
                 });
  return false;
}

void connection::api_more(uint64_t request) {
  if (request != request_number_ || phase_ != phase::upload)
    return;
  upload_paused_ = false;
  phase_since_ = loop_.coarse_now();
  if (upload_done_) {
    phase_ = phase::api;
    std::exchange(upload_, nullptr)->end();
  }
  pump();
}

void connection::write_response(const api::api_response& response,
                                bool chunked) {
  plain_answer answer;
  answer.status = response.status;
  answer.content_type = response.content_type;
  answer.body = response.body;
  answer.headers = response.headers;
  answer.chunked = chunked;
  keep_alive_ = keep_alive_ && !loop_.draining();
  write_plain(out_, answer, context({}));
}

void connection::api_respond(uint64_t request, api::api_response response) {
  const auto mine = request == request_number_
                    && (phase_ == phase::api || phase_ == phase::upload);
  if (!mine)
    return;
  const auto left = has_body_;
  if (left
      && (chunked_ || expects_continue_ || body_length_ > 64 * 1024
          || phase_ == phase::upload)) {
    keep_alive_ = false;
    unread_ = true;
  }
  upload_.reset();
  upload_paused_ = false;
  write_response(response, false);
  api_open_.reset();
  if (left && keep_alive_)
    skip_body();
  else
    finish_answer();
  pump();
}

void connection::api_begin(uint64_t request, api::api_response head) {
  if (request != request_number_ || phase_ != phase::api)
    return;
  if (http_1_0_)
    keep_alive_ = false; // the end of the connection ends the body
  phase_ = phase::streaming;
  write_response(head, true);
  settle();
}

void connection::api_write(uint64_t request, std::string bytes) {
  if (request != request_number_ || phase_ != phase::streaming || bytes.empty()
      || head_only_)
    return;
  if (out_.size() > max_stream_backlog)
    return client_gone();
  if (http_1_0_)
    out_.append(bytes);
  else
    write_chunk(out_, bytes);
  settle();
}

void connection::api_end(uint64_t request) {
  if (request != request_number_ || phase_ != phase::streaming)
    return;
  if (!head_only_ && !http_1_0_)
    write_chunk(out_, {});
  api_open_.reset();
  finish_answer();
  pump();
}

void connection::lose_api() noexcept {
  if (api_open_)
    api_open_->store(false);
  if (upload_)
    std::exchange(upload_, nullptr)->aborted();
  if (auto answer = std::exchange(api_answer_, nullptr))
    answer->respond({}); // marks it answered; nobody listens
  api_open_.reset();
}

} // namespace faas::http
