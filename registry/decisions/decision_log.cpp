#include "registry/decisions/decision_log.hpp"

#include "libfaas/decisions/segment_reader.hpp"
#include "registry/decisions/segment_folder.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include <pthread.h>

namespace faas::registry {
namespace {

using decisions::batch;
using decisions::record;

constexpr size_t block_bytes = 32 << 10;
constexpr int files_reloaded = 4; ///< at start, at most
constexpr auto longest_settling = std::chrono::seconds{1};

record record_of(const batch& from, const batch::item& one) {
  record made;
  static_cast<decisions::entry&>(made) = one.what;
  made.of = from.contexts[one.context];
  const auto sites = from.sites_of(one);
  made.sites.assign(sites.begin(), sites.end());
  decisions::round_as_kept(made);
  return made;
}

/// Attempts of one event in order; the same one only once.
void sort_attempts(std::vector<record>& all) {
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::pair{a.at_us, a.attempt} < std::pair{b.at_us, b.attempt};
  });
  const auto same = [](const auto& a, const auto& b) {
    return a.at_us == b.at_us && a.attempt == b.attempt;
  };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
}

} // namespace

struct decision_log::parts {
  explicit parts(decision_log_options with) : options(std::move(with)) {}

  void serve();
  void reload();
  void write(std::vector<batch> batches);
  void append_block(std::string& block);
  void remember(const batch& what);
  void give_up(const error& why);

  const decision_log_options options;
  std::thread thread;

  mutable std::mutex mutex; ///< guards all below but what is the writer's
  mutable std::condition_variable changed;
  std::vector<batch> waiting;
  size_t waiting_records = 0;
  bool busy = true, ending = false;
  std::deque<record> newest; ///< oldest first
  std::string off;
  uint64_t records = 0, dropped = 0, unwritten = 0, bytes = 0;
  std::vector<decision_segment> segments;

  // The writer's own.
  std::optional<segment_folder> folder;
  decisions::segment_writer writer;
};

decision_log::decision_log(decision_log_options options)
  : parts_(std::make_unique<parts>(std::move(options))) {
  auto& p = *parts_;
  if (p.options.max_bytes == 0) {
    p.off = "decisions.max_bytes is 0";
  } else if (auto opened
             = segment_folder::open(p.options.folder, p.options.max_bytes)) {
    p.folder.emplace(std::move(*opened));
    p.bytes = p.folder->bytes();
    p.segments = p.folder->segments();
  } else {
    p.give_up(opened.error());
  }
  p.thread = std::thread{[&p] { p.serve(); }};
  pthread_setname_np(p.thread.native_handle(), "decision-log");
}

decision_log::~decision_log() {
  {
    const std::lock_guard lock{parts_->mutex};
    parts_->ending = true;
  }
  parts_->changed.notify_all();
  parts_->thread.join();
}

void decision_log::take(batch&& what) {
  auto& p = *parts_;
  {
    const std::lock_guard lock{p.mutex};
    p.dropped += what.dropped;
    if (what.items.empty())
      return;
    if (p.waiting_records + what.items.size() > p.options.max_waiting) {
      p.dropped += what.items.size();
      return;
    }
    p.waiting_records += what.items.size();
    p.waiting.push_back(std::move(what));
  }
  p.changed.notify_all();
}

// -- the writer's thread ------------------------------------------------------

/// The newest of an earlier run, so that people find them listed.
void decision_log::parts::reload() {
  std::deque<record> all;
  auto files = folder ? folder->segments() : std::vector<decision_segment>{};
  for (auto it = files.rbegin();
       it != files.rend() && it - files.rbegin() < files_reloaded
       && all.size() < options.in_memory;
       ++it) {
    std::deque<record> of_file;
    const auto bytes = segment_folder::read(options.folder, it->number);
    if (bytes) // damaged: what there is
      (void) decisions::read_log(*bytes, [&](const record& one) {
        of_file.push_back(one);
        if (of_file.size() > options.in_memory - all.size())
          of_file.pop_front();
        return true;
      });
    all.insert(all.begin(), std::make_move_iterator(of_file.begin()),
               std::make_move_iterator(of_file.end()));
  }
  const std::lock_guard lock{mutex};
  newest = std::move(all);
}

void decision_log::parts::serve() {
  reload();
  std::unique_lock lock{mutex};
  busy = false;
  changed.notify_all();
  for (;;) {
    changed.wait(lock, [this] { return !waiting.empty() || ending; });
    if (waiting.empty())
      return;
    auto batches = std::exchange(waiting, {});
    waiting_records = 0;
    busy = true;
    lock.unlock();
    write(std::move(batches));
    lock.lock();
    busy = false;
    changed.notify_all();
  }
}

void decision_log::parts::write(std::vector<batch> batches) {
  std::string block;
  for (const auto& what : batches) {
    for (const auto& one : what.items) {
      if (!folder)
        break;
      if (writer.pending() == 0 && folder->needs_new(block_bytes)) {
        std::string head;
        const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
          options.clock->wall().time_since_epoch());
        writer.begin({options.node, options.software, now.count()}, head);
        if (auto begun = folder->begin(head); !begun) {
          give_up(begun.error());
          break;
        }
      }
      writer.add(one.what, what.contexts[one.context], what.sites_of(one));
      if (writer.pending() >= block_bytes)
        append_block(block);
    }
    remember(what);
  }
  append_block(block);
  if (!folder)
    return;
  const std::lock_guard lock{mutex};
  bytes = folder->bytes();
  segments = folder->segments();
}

void decision_log::parts::append_block(std::string& block) {
  block.clear();
  writer.finish_block(block);
  if (!folder || block.empty())
    return;
  if (auto done = folder->append(block); !done)
    give_up(done.error());
}

void decision_log::parts::remember(const batch& what) {
  const std::lock_guard lock{mutex};
  records += what.items.size();
  if (!folder)
    unwritten += what.items.size();
  for (const auto& one : what.items) {
    if (newest.size() >= options.in_memory)
      newest.pop_front();
    newest.push_back(record_of(what, one));
  }
}

void decision_log::parts::give_up(const error& why) {
  folder.reset();
  {
    const std::lock_guard lock{mutex};
    off = why.message;
  }
  if (options.warn)
    options.warn("the decision log is off until the next start: " + why.message
                 + "; events go on, the newest decisions stay in memory");
}

// -- questions ----------------------------------------------------------------

void decision_log::settle() const {
  auto& p = *parts_;
  std::unique_lock lock{p.mutex};
  p.changed.wait_for(lock, longest_settling,
                     [&] { return p.waiting.empty() && !p.busy; });
}

decision_log_status decision_log::status() const {
  const auto& p = *parts_;
  const std::lock_guard lock{p.mutex};
  decision_log_status now;
  now.share = p.options.share;
  now.per_second = p.options.per_second;
  now.records = p.records;
  now.dropped = p.dropped;
  now.bytes = p.bytes;
  now.off = p.off;
  now.oldest_us = p.newest.empty() ? 0 : p.newest.front().at_us;
  return now;
}

std::vector<record> decision_log::find(const call_id& id) {
  settle();
  std::vector<record> found;
  {
    const std::lock_guard lock{parts_->mutex};
    for (const auto& one : parts_->newest)
      if (one.id == id)
        found.push_back(one);
  }
  if (!found.empty() && found.front().attempt == 1)
    return found;
  const auto keep = [&](const record& one) {
    if (one.id == id)
      found.push_back(one);
    return true;
  };
  // Newest first: people ask for what has just been.
  auto files = segments();
  for (auto it = files.rbegin(); it != files.rend(); ++it) {
    if (const auto bytes = segment(it->number))
      (void) decisions::read_log(*bytes, keep); // damaged: the others tell
    sort_attempts(found);
    if (!found.empty() && found.front().attempt == 1)
      break;
  }
  return found;
}

std::vector<record> decision_log::newest(const std::string& function,
                                         size_t limit) const {
  settle();
  std::vector<record> found;
  const std::lock_guard lock{parts_->mutex};
  for (auto it = parts_->newest.rbegin();
       it != parts_->newest.rend() && found.size() < limit; ++it)
    if (function.empty() || it->of->function == function)
      found.push_back(*it);
  return found;
}

std::vector<decision_segment> decision_log::segments() const {
  const std::lock_guard lock{parts_->mutex};
  return parts_->segments;
}

result<std::string> decision_log::segment(uint64_t number) const {
  return segment_folder::read(parts_->options.folder, number);
}

std::vector<metric_family> decision_log::collect() const {
  using kind = metric_family::kind;
  const auto now = status();
  const auto one = [](std::string name, std::string help, kind what,
                      double value) {
    metric_sample sample;
    sample.value = value;
    return metric_family{std::move(name), std::move(help), what, {}, {sample}};
  };
  uint64_t unwritten = 0;
  {
    const std::lock_guard lock{parts_->mutex};
    unwritten = parts_->unwritten;
  }
  return {
    one("petrel_decision_log_records_total", "Decisions that were logged.",
        kind::counter, static_cast<double>(now.records)),
    one("petrel_decision_log_dropped_total",
        "Decisions that found no room on their way to the log.", kind::counter,
        static_cast<double>(now.dropped)),
    one("petrel_decision_log_unwritten_total",
        "Logged decisions that are in memory only.", kind::counter,
        static_cast<double>(unwritten)),
    one("petrel_decision_log_bytes", "Size of the log's files.", kind::gauge,
        static_cast<double>(now.bytes)),
    one("petrel_decision_log_writing",
        "1 while decisions are written to files, 0 after an error.",
        kind::gauge, now.off.empty() ? 1 : 0)};
}

} // namespace faas::registry
