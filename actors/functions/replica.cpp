#include "actors/functions/replica.hpp"

#include "actors/link/view_messages.hpp"
#include "libfaas/wire/codec.hpp"

namespace faas::actors {
namespace {

void add(std::string& bytes, const wire::message& what) {
  const auto one = wire::encode(what);
  for (int shift = 0; shift < 32; shift += 8)
    bytes += static_cast<char>(one.size() >> shift & 255);
  bytes += one;
}

/// The next message; nullopt at the end or when it is none.
std::optional<wire::assignments> next(std::string_view& bytes) {
  if (bytes.size() < 4)
    return std::nullopt;
  uint32_t length = 0;
  for (int i = 3; i >= 0; --i)
    length = length << 8 | static_cast<uint8_t>(bytes[static_cast<size_t>(i)]);
  bytes.remove_prefix(4);
  if (length > bytes.size())
    return std::nullopt;
  auto what = wire::decode_message(bytes.substr(0, length));
  bytes.remove_prefix(length);
  if (!what)
    return std::nullopt;
  auto* found = std::get_if<wire::assignments>(&*what);
  return found != nullptr ? std::optional{std::move(*found)} : std::nullopt;
}

/// Of those versions for which `wanted` holds.
template <class Wanted>
wire::assignments select(const cluster_view& view, Wanted wanted) {
  wire::assignments made;
  made.at = view.at;
  for (const auto& one : view.versions)
    if (wanted(one))
      made.functions.push_back(to_assignment(one));
  return made;
}

/// Differs when what the node runs does. A version is the same within a history,
/// so this costs no look at its spec.
std::string mark_of(const cluster_view& view, const node_name& self) {
  std::string mark = view.at.history;
  for (const auto& one : view.versions) {
    if (!one.nodes.contains(self))
      continue;
    mark += '\n' + one.version.function.str() + ' '
            + std::to_string(one.version.version) + ' '
            + std::to_string(one.traffic) + ' ' + std::to_string(one.weight);
    mark.append(reinterpret_cast<const char*>(one.bundle.bytes.data()),
                one.bundle.bytes.size());
    for (const auto& alias : one.aliases)
      mark += ' ' + alias;
    if (one.scale)
      mark += " scale " + std::to_string(one.scale->least) + ' '
              + std::to_string(one.scale->since);
  }
  return mark;
}

error damaged() {
  return {errc::invalid_argument, "the replica of the assignments is damaged",
          "nothing is to be done: the controller tells this node anew"};
}

} // namespace

std::string pack(const replica& what) {
  std::string bytes;
  const auto is_kept = [&](const assigned_version& one) {
    return what.kept.contains(one.version.function);
  };
  add(bytes, select(*what.view, [&](const auto& one) {
        return !is_kept(one);
      }));
  add(bytes, select(*what.view, is_kept));
  return bytes;
}

result<replica> unpack(std::string_view bytes, const node_record& self) {
  const auto known = next(bytes), kept = next(bytes);
  if (!known || !kept || !bytes.empty())
    return damaged();
  auto view = std::make_shared<cluster_view>();
  replica made;
  view->at = known->at;
  view->nodes.push_back(self);
  view->nodes.back().connected = true;
  for (const auto* all : {&*known, &*kept})
    for (const auto& from : all->functions) {
      auto one = from_assignment(from);
      if (!one)
        return one.error();
      if (all == &*kept)
        made.kept.insert(one->version.function);
      view->versions.push_back(std::move(*one));
    }
  made.view = std::move(view);
  return made;
}

void replica_writer::take(replica what, time_point now) {
  if (store_ == nullptr)
    return;
  latest_ = std::move(what);
  auto mine = mark_of(*latest_.view, self_);
  waiting_ = true;
  if (mine != own_ || !written_) {
    own_ = std::move(mine);
    write(now);
  } else {
    tick(now);
  }
}

std::optional<time_point> replica_writer::due() const {
  if (!waiting_ || !written_)
    return std::nullopt;
  return *written_ + rest;
}

void replica_writer::tick(time_point now) {
  if (const auto at = due(); at && now >= *at)
    write(now);
}

void replica_writer::write(time_point now) {
  waiting_ = false;
  written_ = now;
  auto bytes = pack(latest_);
  if (bytes == all_)
    return;
  auto saved = store_->save(bytes);
  if (saved) {
    all_ = std::move(bytes);
  } else {
    waiting_ = true; // again after a rest
    if (!failed_)
      log_("a restart without the controller would serve older assignments: "
           + saved.error().to_string());
  }
  failed_ = !saved;
}

} // namespace faas::actors
