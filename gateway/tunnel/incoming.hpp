// A connection that another machine opened, until it is handed on.
#pragma once

#include "gateway/tunnel/hub.hpp"

namespace faas::tunnel {

/// TLS, then by protocol: a node's control connection, its bulk, or a join.
class incoming final : public handshake,
                       public std::enable_shared_from_this<incoming> {
public:
  incoming(hub& owner, std::shared_ptr<tls_stream> stream, std::string from)
    : owner_(owner), stream_(std::move(stream)), from_(std::move(from)) {}

  void start();
  void give_up(const std::string& why) override;

private:
  using stream_ptr = std::shared_ptr<tls_stream>;
  using taker = std::function<void(stream_ptr, const trust::certificate_facts&)>;

  void agreed();
  void control();
  void welcome(const result<trust::certificate_facts>& who,
               const result<void>& admitted, taker take);
  void await_hello();
  void read_hello(size_t size);
  void answer_hello();
  void join();
  void read_question(uint32_t length);
  void asked();
  /// Writes the last bytes, lets the peer read them, closes.
  void last_words(std::string bytes);
  void linger();
  bool good(const failure& failed);
  void done();

  hub& owner_;
  stream_ptr stream_;
  std::string from_; ///< address, for the log
  std::string bytes_;
  bool ended_ = false;
};

} // namespace faas::tunnel
