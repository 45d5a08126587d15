#include "gateway/tls/socket_bio.hpp"

#include <cerrno>
#include <openssl/err.h>
#include <sys/socket.h>

namespace faas::tls {
namespace {

using method_ptr = std::unique_ptr<BIO_METHOD, frees<BIO_meth_free>>;

int fd_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio)));
}

bool comes_later(ssize_t result) {
  return result < 0
         && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

int write(BIO* bio, const char* from, int size) {
  const auto done = ::send(fd_of(bio), from, static_cast<size_t>(size),
                           MSG_NOSIGNAL | MSG_DONTWAIT);
  BIO_clear_retry_flags(bio);
  if (comes_later(done))
    BIO_set_retry_write(bio);
  return static_cast<int>(done);
}

int read(BIO* bio, char* to, int size) {
  const auto done
    = ::recv(fd_of(bio), to, static_cast<size_t>(size), MSG_DONTWAIT);
  BIO_clear_retry_flags(bio);
  if (comes_later(done))
    BIO_set_retry_read(bio);
  if (done == 0)
    BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(done);
}

long control(BIO* bio, int command, long, void*) {
  switch (command) {
  case BIO_CTRL_FLUSH:
    return 1;
  case BIO_CTRL_EOF:
    return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  default:
    return 0;
  }
}

const BIO_METHOD* method() {
  static const method_ptr made = [] {
    method_ptr one{BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
                                "petrel socket")};
    BIO_meth_set_write(one.get(), write);
    BIO_meth_set_read(one.get(), read);
    BIO_meth_set_ctrl(one.get(), control);
    return one;
  }();
  return made.get();
}

step failed_with(boost::system::error_code why) {
  return {progress::failed, 0, why};
}

/// What SSL_get_error() means; `number` is errno after the operation.
step judge(SSL& stream, int result, int number) {
  namespace error = boost::asio::error;
  switch (SSL_get_error(&stream, result)) {
  case SSL_ERROR_WANT_READ:
    return {progress::wants_read, 0, {}};
  case SSL_ERROR_WANT_WRITE:
    return {progress::wants_write, 0, {}};
  case SSL_ERROR_ZERO_RETURN:
    return failed_with(error::eof);
  case SSL_ERROR_SYSCALL:
    return failed_with(
      number == 0 ? boost::system::error_code{boost::asio::ssl::error::
                                                stream_truncated}
                  : boost::system::error_code{
                    number, boost::system::system_category()});
  default: {
    const auto why = ERR_get_error();
    if (why == 0)
      return failed_with(boost::asio::ssl::error::unexpected_result);
    if (ERR_GET_REASON(why) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
      return failed_with(boost::asio::ssl::error::stream_truncated);
    return failed_with({static_cast<int>(why), error::get_ssl_category()});
  }
  }
}

} // namespace

bio_ptr socket_bio(int descriptor) {
  bio_ptr made{BIO_new(method())};
  if (made) {
    BIO_set_data(made.get(), reinterpret_cast<void*>(intptr_t{descriptor}));
    BIO_set_init(made.get(), 1);
  }
  return made;
}

step read_some(SSL& stream, void* to, size_t size) {
  size_t total = 0;
  while (total < size) {
    size_t got = 0;
    ERR_clear_error();
    errno = 0;
    const int result
      = SSL_read_ex(&stream, static_cast<char*>(to) + total, size - total, &got);
    if (result != 1) {
      auto end = judge(stream, result, errno);
      if (total == 0)
        return end;
      return {progress::done, total, end.failed};
    }
    total += got;
  }
  return {progress::done, total, {}};
}

step write_all(SSL& stream, const void* from, size_t size) {
  size_t put = 0;
  ERR_clear_error();
  errno = 0;
  const int result = SSL_write_ex(&stream, from, size, &put);
  if (result != 1)
    return judge(stream, result, errno);
  return {progress::done, put, {}};
}

step handshake(SSL& stream) {
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(&stream);
  return result == 1 ? step{} : judge(stream, result, errno);
}

} // namespace faas::tls
