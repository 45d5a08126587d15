// One client connection. Internal: includes Boost.Asio through loop.hpp.
#pragma once

#include "gateway/api/exchange.hpp"
#include "gateway/http/byte_buffer.hpp"
#include "gateway/http/loop.hpp"
#include "gateway/http/reply_writer.hpp"
#include "gateway/http/request_parser.hpp"
#include "gateway/http/target.hpp"

#include <atomic>
#include <memory>

namespace faas::http {

/// Reads requests, one at a time, and writes their answers in order. Requests
/// that are pipelined wait in the input buffer. Loop thread only.
///
/// While an event is being run nothing is read: a client that leaves is noticed
/// by a look at the socket (check(), about every 100 ms), which costs nothing
/// for short calls. A client that closes its sending side counts as gone, as
/// with nginx and Go.
class connection final : public answer_waiter, private body_sink {
public:
  connection(http_loop& loop, uint64_t id, socket_type socket,
             std::string peer);
  ~connection() override;

  void start() { settle(); }
  /// Timeouts, and whether the client is still there.
  void check(time_point now);
  /// Closes when idle, else after the current answer.
  void drain();
  /// Sends what can be sent at once, and closes.
  void abort();

  void answered(reply&& answer) noexcept override;

  // Answers of the management API, for the request of that number.
  void api_respond(uint64_t request, api::api_response response);
  void api_begin(uint64_t request, api::api_response head);
  void api_write(uint64_t request, std::string bytes);
  void api_end(uint64_t request);
  void api_more(uint64_t request);
  /// Parts of the answer to the event of that request have come.
  void parts_came(uint64_t request);

private:
  enum class phase : uint8_t {
    head,      ///< reading a head, or idle
    body,      ///< reading the body of a call or a management request
    upload,    ///< reading a body that is streamed on
    discard,   ///< answered; reading what is left of a small body
    waiting,   ///< an event is being run
    api,       ///< a management request is being answered
    streaming, ///< the same, in chunks
    lingering, ///< all sent; reading until the client has seen it
    closed
  };

  // connection.cpp: requests
  void pump();
  bool step();
  bool step_head();
  bool step_body();
  bool step_upload();
  void begin_request(const request_head& head);
  void begin_function(const request_head& head, const target_parts& target);
  void submit(const function_view& view);
  void body_complete();
  bool piece(std::string_view bytes) override;
  void refuse(error what);
  void bad_request(parse_status status);
  void finish_answer();
  void skip_body();
  answer_context context(duration total) const;

  // connection_parts.cpp
  class parts;
  std::shared_ptr<answer_parts> open_parts();
  void leave_parts() noexcept;
  bool has_parts() const noexcept;
  bool send_parts();
  void write_parts();
  void end_parts(const reply& answer);

  // connection_api.cpp
  void begin_api(const request_head& head, const target_parts& target);
  void write_response(const api::api_response& response, bool chunked);
  void hand_over_api();
  void lose_api() noexcept;

  // connection_io.cpp: bytes
  void settle();
  void arm_read();
  void on_read(const boost::system::error_code& failed, size_t count);
  bool flush();
  void wait_writable();
  void sent_all();
  void linger();
  void client_gone();
  void close();
  bool client_left() const noexcept;
  bool reads() const noexcept;

  http_loop& loop_;
  const uint64_t id_;
  socket_type socket_;
  const std::string peer_;
  std::unique_ptr<request_parser> parser_;
  byte_buffer in_, out_;
  blob tail_; ///< large body that follows out_
  size_t tail_sent_ = 0;

  phase phase_ = phase::head;
  bool pumping_ = false, reading_ = false, writing_ = false;
  bool close_after_ = false; ///< close when all is sent
  bool unread_ = false;      ///< part of a request will not be read
  bool keep_alive_ = true, http_1_0_ = false, head_only_ = false;
  bool has_body_ = false, expects_continue_ = false, pump_posted_ = false;
  uint64_t body_length_ = 0; ///< announced; 0 when chunked
  bool chunked_ = false;

  invocation event_;
  std::string body_;
  size_t body_limit_ = 0;
  size_t reserved_ = 0; ///< bytes counted in the loop's reading budget
  bool over_budget_ = false;
  uint64_t token_ = 0;
  std::shared_ptr<parts> parts_; ///< of the event's answer
  bool chunks_ = false; ///< its head is written, and says that they follow
  uint16_t parts_status_ = 0;
  call_id call_{};
  time_point accepted_{};
  std::string request_type_;
  std::string known_name_; ///< function of the last request
  function_cells* cells_ = nullptr;

  uint64_t request_number_ = 0;
  api::api_request api_request_;
  std::shared_ptr<api::exchange> api_answer_; ///< until handed over
  std::shared_ptr<api::body_stream> upload_;
  std::shared_ptr<std::atomic<bool>> api_open_; ///< false: client gone
  bool upload_paused_ = false, upload_done_ = false;

  time_point phase_since_{}; ///< coarse
  time_point write_since_{}; ///< coarse
  bool head_started_ = false;
};

} // namespace faas::http
