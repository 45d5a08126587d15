// The store's side of an upload by HTTP.
#pragma once

#include "gateway/api/context.hpp"
#include "libfaas/ports/bundle_store.hpp"

namespace faas::api {

/// Takes the bytes of one request. Used by one helper thread at a time, since
/// the next piece comes only after the last one was written. Answers once.
class bundle_sink {
public:
  virtual ~bundle_sink() = default;
  /// Bytes that the store does not have yet and will have by this request;
  /// 0: no room is needed.
  virtual uint64_t room() = 0;
  /// False: answered already, no more pieces.
  virtual bool write(std::string_view bytes) = 0;
  virtual void finish() = 0;
  virtual void refuse(const error& what) = 0;
};

/// PUT: all bytes in one request; cut off, nothing of them stays.
std::shared_ptr<bundle_sink> whole_sink(context_ptr context, digest id,
                                        uint64_t announced, answer_ptr answer);

/// PATCH: bytes from `offset` on; what came stays when the client goes away.
/// The answer's Upload-Offset says how much is here, also on 409.
std::shared_ptr<bundle_sink> chunk_sink(context_ptr context, digest id,
                                        uint64_t offset, uint64_t total,
                                        answer_ptr answer);

} // namespace faas::api
