#include "gateway/http/request_parser.hpp"

#include "gateway/http/body_decoder.hpp"
#include "gateway/http/text.hpp"

#include <utility> // before Boost 1.74, which forgets it in C++20

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <limits>
#include <optional>

namespace faas::http {
namespace {

namespace bh = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

/// Headers per request: enough for any client, few enough to search.
constexpr size_t max_fields = 128;

std::string_view std_view(string_view text) noexcept {
  return {text.data(), text.size()};
}

/// A place in the head that survives a move of the bytes.
struct span {
  uint32_t offset = 0, length = 0;
  std::string_view in(std::string_view bytes) const noexcept {
    return bytes.substr(offset, length);
  }
};

/// Beast's parser, for heads; told to remember places instead of copying.
class parser final : public bh::basic_parser<true> {
public:
  struct field_place {
    span name, value;
  };
  // What the callbacks see; set before each put().
  std::string_view bytes;

  span method, target;
  int version = 0;
  std::vector<field_place>* fields = nullptr;
  bool too_many = false;
  bool folded = false;

private:
  span place(std::string_view part) noexcept {
    if (part.data() < bytes.data()
        || part.data() + part.size() > bytes.data() + bytes.size()) {
      folded = true; // Beast joins folded lines in a buffer of its own
      return {};
    }
    return {static_cast<uint32_t>(part.data() - bytes.data()),
            static_cast<uint32_t>(part.size())};
  }

  void on_request_impl(bh::verb, string_view method_text,
                       string_view target_text, int http_version,
                       error_code& ec) override {
    version = http_version;
    method = place(std_view(method_text));
    target = place(std_view(target_text));
    ec = {};
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(bh::field, string_view name, string_view value,
                     error_code& ec) override {
    ec = {};
    if (fields->size() >= max_fields) {
      too_many = true;
      ec = bh::error::header_limit;
      return;
    }
    const auto value_place = value.empty() ? span{} : place(std_view(value));
    fields->push_back({place(std_view(name)), value_place});
    if (folded)
      ec = bh::error::bad_value;
  }
  void on_header_impl(error_code& ec) override { ec = {}; }
  // Never reached: the body is not Beast's business.
  void on_body_init_impl(const boost::optional<uint64_t>&,
                         error_code&) override {}
  size_t on_body_impl(string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(uint64_t, string_view, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t, string_view, error_code&) override {
    return 0;
  }
  void on_finish_impl(error_code& ec) override { ec = {}; }
};

class beast_parser final : public request_parser {
public:
  explicit beast_parser(size_t head_limit) : head_limit_(head_limit) { next(); }

  void next() override {
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(head_limit_));
    // Not boost::none: every length is over that in Boost 1.74.
    parser_->body_limit(std::numeric_limits<uint64_t>::max());
    places_.clear();
    parser_->fields = &places_;
    parsed_ = 0;
    why_ = {};
  }

  parse_status parse_head(std::string_view bytes, size_t& consumed) override {
    consumed = 0;
    // A lenient start (RFC 9112, section 2.2): one empty line is skipped.
    if (parsed_ == 0 && bytes.starts_with("\r\n"))
      skip_ = 2;
    else if (parsed_ == 0)
      skip_ = 0;
    if (parsed_ == 0 && bytes == "\r")
      return parse_status::need_more;
    const auto all = bytes.substr(skip_);
    if (all.size() <= parsed_)
      return parse_status::need_more;
    parser_->bytes = all;
    error_code ec;
    parsed_ += parser_->put({all.data() + parsed_, all.size() - parsed_}, ec);
    if (ec && ec != bh::error::need_more)
      return failed(ec);
    if (!parser_->is_header_done())
      return all.size() >= head_limit_ ? parse_status::too_large
                                       : parse_status::need_more;
    consumed = skip_ + parsed_;
    return read_head(all);
  }

  const request_head& head() const noexcept override { return head_; }

  parse_status parse_body(std::string_view bytes, size_t& consumed,
                          body_sink& sink) override {
    const auto status = body_.feed(bytes, consumed, sink);
    if (status == parse_status::malformed)
      why_ = "bad chunk";
    return status;
  }

  std::string_view why() const noexcept override { return why_; }

private:
  parse_status failed(error_code ec) {
    if (parser_->too_many || ec == bh::error::header_limit)
      return parse_status::too_large;
    if (ec == bh::error::bad_version) {
      why_ = "this HTTP version is not supported";
      return parse_status::other_version;
    }
    if (parser_->folded)
      why_ = "folded header lines are not allowed";
    else if (ec == bh::error::bad_content_length)
      why_ = "bad or conflicting Content-Length";
    else if (ec == bh::error::bad_transfer_encoding)
      why_ = "bad or conflicting Transfer-Encoding";
    else
      why_ = "this is no HTTP/1.1 request";
    return parse_status::malformed;
  }

  parse_status malformed(std::string_view why) {
    why_ = why;
    return parse_status::malformed;
  }

  parse_status read_head(std::string_view all) {
    head_.method = parser_->method.in(all);
    head_.target = parser_->target.in(all);
    head_.http_1_0 = parser_->version == 10;
    head_.keep_alive = parser_->keep_alive();
    head_.chunked = parser_->chunked();
    head_.has_body = !parser_->is_done();
    head_.content_length = 0;
    if (const auto length = parser_->content_length())
      head_.content_length = *length;
    if (head_.chunked)
      body_.start_chunked(head_limit_);
    else
      body_.start_length(head_.content_length);
    head_.expect_continue = false;
    head_.fields.clear();
    if (parser_->version != 10 && parser_->version != 11) {
      why_ = "this HTTP version is not supported";
      return parse_status::other_version;
    }
    return read_fields(all);
  }

  parse_status read_fields(std::string_view all) {
    size_t hosts = 0, lengths = 0;
    for (const auto& place : places_) {
      const auto& field = head_.fields.emplace_back(
        field_view{place.name.in(all), place.value.in(all), {}});
      const auto known = classify(field.name);
      head_.fields.back().known = known;
      if (known == known_header::host)
        ++hosts;
      else if (known == known_header::content_length)
        ++lengths;
      else if (known == known_header::expect)
        head_.expect_continue = iequals(field.value, "100-continue");
      else if (known == known_header::transfer_encoding
               && (!iequals(field.value, "chunked") || head_.http_1_0)) {
        // Any other coding leaves the body's end open to interpretation.
        why_ = "only Transfer-Encoding: chunked is supported";
        return parse_status::unsupported;
      }
    }
    if (hosts > 1 || (hosts == 0 && !head_.http_1_0))
      return malformed("exactly one Host header is needed");
    if (lengths > 1)
      return malformed("more than one Content-Length");
    if (lengths == 1 && head_.chunked)
      return malformed("both Content-Length and Transfer-Encoding");
    return parse_status::done;
  }

  size_t head_limit_;
  std::optional<parser> parser_;
  std::vector<parser::field_place> places_;
  size_t parsed_ = 0; ///< bytes of the head that Beast has taken
  size_t skip_ = 0;
  request_head head_;
  body_decoder body_;
  std::string_view why_;
};

} // namespace

std::unique_ptr<request_parser> make_beast_parser(size_t head_limit) {
  return std::make_unique<beast_parser>(head_limit);
}

} // namespace faas::http
