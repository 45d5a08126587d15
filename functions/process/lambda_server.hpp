// Serves the AWS Lambda Runtime API to one program.
#pragma once

#include "functions/process/lambda_rules.hpp"
#include "functions/process/unique_fd.hpp"

#include <boost/beast/http.hpp>

#include <list>
#include <poll.h>
#include <vector>

namespace faas::process::lambda {

/// Connections of one program, and where its event stands: asked for, given,
/// answered. Reads and writes what is there and never waits. One thread at a
/// time.
class server {
public:
  server(unique_fd listener, identity of, uint64_t max_body)
    : listener_(std::move(listener)), of_(std::move(of)),
      max_body_(max_body) {}

  /// To be polled, then handed to serve() with what was seen.
  std::vector<pollfd> wanted() const;
  void serve(const std::vector<pollfd>& seen);

  /// The program has asked for an event.
  bool asked() const noexcept { return !waiting_.empty(); }
  /// Gives it one; asked() must be true.
  void give(const invocation& event, wall_time deadline);
  /// Its answer, once it is there.
  bool answered() const noexcept { return answer_.has_value(); }
  reply take_answer();

  /// Why it could not start, as it says itself.
  const std::optional<failure>& init_failure() const noexcept {
    return init_failure_;
  }
  /// What it sent that is no HTTP, or none of this API; empty: nothing.
  const std::string& wrong() const noexcept { return wrong_; }

private:
  using parser_type = boost::beast::http::request_parser<
    boost::beast::http::string_body>;
  struct connection {
    unique_fd fd;
    std::string in, out;
    std::optional<parser_type> parser;
    bool closing = false; ///< takes no more; closed by the program
  };
  using place = std::list<connection>::iterator;

  void accept_all();
  bool receive(connection& from);
  void parse(connection& from);
  void send(connection& to);
  void handle(connection& from);
  void finish_event(connection& from, const std::string& id, reply&& answer);
  void refuse(connection& from, const boost::beast::error_code& failed);
  static request_target target_of(const connection& from);
  std::string header(const connection& of, const char* name) const;

  unique_fd listener_;
  const identity of_;
  const uint64_t max_body_;
  std::list<connection> connections_;
  std::list<connection*> waiting_; ///< for an event, in turn
  std::string open_, last_;        ///< ids of events
  std::optional<reply> answer_;
  std::optional<failure> init_failure_;
  std::string wrong_;
};

} // namespace faas::process::lambda
