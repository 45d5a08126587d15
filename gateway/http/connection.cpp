// Requests: from bytes to events and back.
#include "gateway/http/connection.hpp"

#include "gateway/http/event_builder.hpp"

#include <boost/asio/post.hpp>

namespace faas::http {
namespace {

/// Pipelined requests begun in one turn, so that one client cannot keep the
/// loop to itself.
constexpr unsigned requests_per_turn = 32;
/// Rest of a refused request that is read to keep the connection.
constexpr size_t discard_bytes = 64 * 1024;
/// A body's announced length is not yet memory that is worth reserving.
constexpr size_t reserve_bytes = 256 * 1024;

} // namespace

connection::connection(http_loop& loop, uint64_t id, socket_type socket,
                       std::string peer)
  : loop_(loop), id_(id), socket_(std::move(socket)), peer_(std::move(peer)),
    parser_(make_beast_parser(loop.config().header_bytes)),
    phase_since_(loop.coarse_now()) {
  boost::system::error_code ignored;
  socket_.set_option(net::ip::tcp::no_delay{true}, ignored);
}

connection::~connection() = default;

void connection::pump() {
  if (pumping_)
    return;
  pumping_ = true;
  auto budget = requests_per_turn;
  while (reads() && phase_ != phase::lingering && step()) {
    if (--budget == 0 && !in_.empty()) {
      pump_posted_ = true;
      net::post(loop_.io(), [&loop = loop_, id = id_] {
        if (auto* open = loop.find_connection(id)) {
          open->pump_posted_ = false;
          open->pump();
        }
      });
      break;
    }
  }
  pumping_ = false;
  settle();
}

bool connection::step() {
  switch (phase_) {
  case phase::head:
    return step_head();
  case phase::body:
  case phase::discard:
    return step_body();
  case phase::upload:
    return step_upload();
  default:
    return false;
  }
}

bool connection::step_head() {
  if (in_.empty())
    return false;
  if (!head_started_) {
    head_started_ = true;
    phase_since_ = loop_.coarse_now();
  }
  size_t used = 0;
  const auto status = parser_->parse_head(in_.view(), used);
  if (status == parse_status::need_more)
    return false;
  if (status != parse_status::done) {
    bad_request(status);
    return true;
  }
  // The bytes stay in memory until the next read, so the views hold.
  in_.consume(used);
  begin_request(parser_->head());
  return true;
}

void connection::begin_request(const request_head& head) {
  ++request_number_;
  head_started_ = false;
  keep_alive_ = head.keep_alive && !loop_.draining();
  http_1_0_ = head.http_1_0;
  head_only_ = head.method == "HEAD";
  has_body_ = head.has_body;
  chunked_ = head.chunked;
  body_length_ = head.content_length;
  expects_continue_ = head.expect_continue && head.has_body && !http_1_0_;
  body_.clear();
  call_ = {};
  const auto target = split_target(head.target);
  switch (target.what) {
  case target_parts::kind::function:
    return begin_function(head, target);
  case target_parts::kind::malformed:
    return refuse({errc::invalid_argument, "the request target is malformed",
                   "call /function/NAME"});
  default:
    return begin_api(head, target);
  }
}

void connection::begin_function(const request_head& head,
                                const target_parts& target) {
  const auto* view = loop_.port().find(target.name);
  if (!view)
    return refuse({errc::not_found,
                   "there is no function \"" + std::string{target.name} + "\"",
                   "see faas-cli list; deploy it with faas-cli up"});
  if (has_body_ && body_length_ > view->max_body_bytes)
    return refuse({errc::too_large,
                   "the body has " + std::to_string(body_length_)
                     + " bytes, the function takes "
                     + std::to_string(view->max_body_bytes),
                   "send less, or raise max_body_bytes in the manifest"});
  accepted_ = loop_.now();
  const auto built = build_event(event_, head, target, *view, peer_, accepted_,
                                 loop_.random());
  call_ = event_.id;
  if (!built)
    return refuse(built.error());
  if (!cells_ || known_name_ != view->name.str()) {
    known_name_ = view->name.str();
    cells_ = &loop_.cells().function(known_name_);
  }
  request_type_ = event_.content_type;
  if (!has_body_)
    return submit(*view);
  phase_ = phase::body;
  phase_since_ = loop_.coarse_now();
  body_limit_ = view->max_body_bytes;
  body_.reserve(std::min<size_t>(body_length_, reserve_bytes));
  if (expects_continue_ && in_.empty())
    out_.append("HTTP/1.1 100 Continue\r\n\r\n");
}

bool connection::piece(std::string_view bytes) {
  if (phase_ == phase::discard)
    return true;
  if (phase_ != phase::upload) {
    if (body_.size() + bytes.size() > body_limit_)
      return false;
    if (!loop_.reserve_reading(bytes.size())) {
      over_budget_ = true;
      return false;
    }
    reserved_ += bytes.size();
  }
  body_.append(bytes);
  return true;
}

bool connection::step_body() {
  size_t used = 0;
  const auto status = parser_->parse_body(in_.view(), used, *this);
  in_.consume(used);
  if (status == parse_status::need_more)
    return false;
  if (status == parse_status::done)
    body_complete();
  else
    bad_request(status);
  return true;
}

void connection::body_complete() {
  loop_.release_reading(std::exchange(reserved_, 0));
  has_body_ = false;
  if (phase_ == phase::discard)
    return finish_answer();
  if (api_answer_)
    return hand_over_api();
  event_.body = blob{std::move(body_)};
  body_ = {};
  // The time to send the body is the client's, not the function's.
  const auto sending = loop_.now() - event_.accepted;
  event_.accepted += sending;
  event_.deadline += sending;
  accepted_ = event_.accepted;
  // The view of an earlier turn no longer holds.
  auto name = event_.function.str();
  if (event_.version != 0)
    name += ":" + std::to_string(event_.version);
  if (const auto* view = loop_.port().find(name))
    submit(*view);
  else
    refuse({errc::not_found,
            "the function \"" + name + "\" was removed",
            "deploy it again with faas-cli up"});
}

void connection::submit(const function_view& view) {
  if (!event_.body.empty() || view.size.from != size_feature::kind::bytes)
    event_.size = event_size(view.size, event_);
  else
    event_.size = 0;
  token_ = loop_.table().open(*this, event_.deadline);
  if (token_ == 0) {
    cells_->answered(http_status(errc::overloaded), {});
    return refuse({errc::overloaded, "too many events wait at this gateway",
                   "repeat after the time in Retry-After"});
  }
  loop_.event_opened();
  phase_ = phase::waiting;
  cells_->started.add();
  event_.parts = open_parts();
  loop_.port().submit(std::move(event_), completion{loop_.sink(), token_});
}

answer_context connection::context(duration total) const {
  answer_context context;
  context.id = call_;
  context.total = total;
  context.date = loop_.date();
  context.server = loop_.config().server_name;
  context.fallback_type = request_type_;
  context.keep_alive = keep_alive_;
  context.http_1_0 = http_1_0_;
  context.head_only = head_only_;
  return context;
}

void connection::answered(reply&& answer) noexcept {
  const auto total = loop_.now() - accepted_;
  if (has_parts()) {
    end_parts(answer);
  } else {
    keep_alive_ = keep_alive_ && !loop_.draining();
    tail_ = write_reply(out_, answer, context(total));
    cells_->answered(
      answer.code == errc::ok ? answer.status : http_status(answer.code),
      total);
  }
  leave_parts();
  finish_answer();
  pump();
}

/// The answer is written (not yet sent): on to the next request.
void connection::finish_answer() {
  phase_ = phase::head;
  phase_since_ = loop_.coarse_now();
  close_after_ = close_after_ || !keep_alive_;
  parser_->next();
}

void connection::refuse(error what) {
  if (call_ == call_id{})
    call_ = call_id::make(loop_.random());
  const auto left = has_body_;
  if (left && (chunked_ || expects_continue_ || body_length_ > discard_bytes)) {
    keep_alive_ = false;
    unread_ = true;
  }
  write_reply(out_, reply::failure(std::move(what)), context({}));
  if (left && keep_alive_)
    skip_body();
  else
    finish_answer();
}

void connection::skip_body() {
  phase_ = phase::discard;
  phase_since_ = loop_.coarse_now();
}

/// A request that cannot be understood (or whose end is not known): answer
/// and close, since nobody knows where the next one begins.
void connection::bad_request(parse_status status) {
  const auto answered_already = phase_ == phase::discard;
  const auto in_body = phase_ == phase::body;
  keep_alive_ = false;
  unread_ = true;
  loop_.release_reading(std::exchange(reserved_, 0));
  plain_answer answer;
  error what{errc::invalid_argument, std::string{parser_->why()},
             "send a valid HTTP/1.1 request"};
  answer.status = 400;
  if (status == parse_status::need_more) {
    answer.status = 408;
    what = {errc::deadline_exceeded, "the request did not arrive in time",
            "send it faster"};
  } else if (status == parse_status::too_large && over_budget_) {
    answer.status = 429;
    what = {errc::overloaded, "too many bodies are being read", "repeat later"};
  } else if (status == parse_status::too_large && in_body) {
    answer.status = 413;
    what = {errc::too_large,
            "the body is larger than the " + std::to_string(body_limit_)
              + " bytes allowed here",
            "send less, or raise max_body_bytes in the manifest"};
  } else if (status == parse_status::too_large) {
    answer.status = 431;
    what = {errc::too_large, "the request's head is too large",
            "send fewer or shorter headers"};
  } else if (status == parse_status::unsupported) {
    answer.status = 501;
  } else if (status == parse_status::other_version) {
    answer.status = 505;
  } else {
    loop_.cells().malformed.add();
  }
  if (!answered_already) {
    const auto body = error_json(what, call_);
    answer.content_type = "application/json";
    answer.body = body;
    auto facts = context({});
    facts.head_only = false;
    write_plain(out_, answer, facts);
  }
  lose_api();
  finish_answer();
}

} // namespace faas::http
