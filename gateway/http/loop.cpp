#include "gateway/http/loop.hpp"

#include "gateway/http/connection.hpp"
#include "gateway/http/reply_writer.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

#include <unistd.h>

namespace faas::http {
namespace {

/// One thread runs the context and touches its sockets; other threads only
/// post. That needs the queue's lock but not those of the sockets.
constexpr int concurrency = BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO;

/// How often connections are looked at for timeouts and clients that left.
constexpr duration check_every = std::chrono::milliseconds{100};

/// Tick of a loop without events: rare, so that an idle node sleeps, but often
/// enough for the shortest timeout of a connection.
duration idle_tick_of(const server_config& config) {
  const auto shortest = std::min({config.header_timeout, config.body_timeout,
                                  config.upload_timeout, config.idle_timeout,
                                  config.write_timeout});
  return std::clamp<duration>(shortest / 4, pending_table::tick,
                              std::chrono::milliseconds{250});
}

} // namespace

http_loop::http_loop(loop_shared& shared, uint64_t seed)
  : shared_(shared), io_(concurrency), tick_timer_(io_.get_executor()),
    random_(seed), idle_tick_(idle_tick_of(shared.config)) {
  tasks_ = std::make_shared<task_queue>(
    [this] { net::post(io_, [this] { tasks_->run(); }); });
}

http_loop::~http_loop() = default;

void http_loop::run(const std::function<void(bool)>& started) {
  thread_ = std::this_thread::get_id();
  coarse_now_ = now();
  table_ = std::make_shared<pending_table>(
    config().max_pending, coarse_now_,
    [this] { net::post(io_, [this] { table_->drain(); }); });
  sink_ = table_;
  port_ = shared_.deps.events.open(*this);
  const auto opened = port_ != nullptr;
  started(opened);
  if (opened) {
    arm_tick(idle_tick_);
    const auto work = net::make_work_guard(io_);
    io_.run();
  }
  // What the port's destructor drops or posts must still find its loop.
  while (tasks_->run() != 0) {
  }
  table_->close();
  port_.reset();
  while (tasks_->run() != 0) {
  }
  tasks_->close();
  connections_.clear();
  graveyard_.clear();
}

bool http_loop::post(std::function<void()> task) {
  return tasks_->post(std::move(task));
}

bool http_loop::post_at(time_point when, std::function<void()> task) {
  if (finished_)
    return false;
  auto timer = std::make_shared<timer_type>(io_.get_executor());
  timer->expires_after(
    std::chrono::duration_cast<std::chrono::steady_clock::duration>(when
                                                                    - now()));
  timer->async_wait([timer, task = std::move(task)](auto cancelled) {
    if (!cancelled)
      task();
  });
  return true;
}

bool http_loop::in_loop() const noexcept {
  return std::this_thread::get_id() == thread_;
}

void http_loop::adopt(int handle, std::string peer) {
  const auto taken = tasks_->post([this, handle, peer = std::move(peer)] {
    socket_type socket{io_.get_executor()};
    boost::system::error_code failed;
    socket.assign(net::ip::tcp::v4(), handle, failed);
    if (failed || draining_) {
      if (failed)
        ::close(handle);
      --shared_.connections;
      return;
    }
    const auto id = next_id_++;
    auto made
      = std::make_unique<connection>(*this, id, std::move(socket), peer);
    auto& opened = *made;
    connections_.emplace(id, std::move(made));
    cells_.accepted.add();
    cells_.connections.set(connections_.size());
    opened.start();
  });
  if (!taken) {
    ::close(handle);
    --shared_.connections;
  }
}

std::string_view http_loop::date() {
  // One second is the header's resolution.
  if (date_.empty() || coarse_now_ - date_made_ >= std::chrono::seconds{1}) {
    date_ = http_date(shared_.deps.clock.wall());
    date_made_ = coarse_now_;
  }
  return date_;
}

bool http_loop::reserve_reading(size_t bytes) noexcept {
  if (reading_bytes_ + bytes > config().max_reading_bytes)
    return false;
  reading_bytes_ += bytes;
  return true;
}

connection* http_loop::find_connection(uint64_t id) noexcept {
  const auto at = connections_.find(id);
  return at == connections_.end() ? nullptr : at->second.get();
}

void http_loop::bury(uint64_t id) noexcept {
  const auto at = connections_.find(id);
  if (at == connections_.end())
    return;
  graveyard_.push_back(std::move(at->second));
  connections_.erase(at);
  cells_.connections.set(connections_.size());
  --shared_.connections;
  finish_if_empty();
}

void http_loop::arm_tick(duration after) {
  slow_ = after > pending_table::tick;
  tick_timer_.expires_after(
    std::chrono::duration_cast<std::chrono::steady_clock::duration>(after));
  tick_timer_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed)
      on_tick();
  });
}

void http_loop::on_tick() {
  coarse_now_ = now();
  graveyard_.clear();
  table_->expire(coarse_now_);
  if (coarse_now_ >= next_check_) {
    check_connections();
    next_check_ = coarse_now_ + std::min(check_every, idle_tick_);
  }
  probe_lag();
  if (!finished_)
    arm_tick(table_->size() != 0 ? pending_table::tick : idle_tick_);
}

void http_loop::probe_lag() {
  // What a handler that is ready now has to wait for.
  net::post(io_, [this, asked = coarse_now_] {
    const auto late = now() - asked;
    lag_ += (late - lag_) / 8;
    cells_.lag_ns.set(
      static_cast<uint64_t>(std::max<int64_t>(0, lag_.count())));
  });
}

void http_loop::check_connections() {
  // A connection may close while it is looked at: copy the ids.
  std::vector<uint64_t> ids;
  ids.reserve(connections_.size());
  for (const auto& [id, unused] : connections_)
    ids.push_back(id);
  for (const auto id : ids)
    if (auto* open = find_connection(id))
      open->check(coarse_now_);
}

void http_loop::begin_drain() {
  tasks_->post([this] {
    draining_ = true;
    std::vector<uint64_t> ids;
    for (const auto& [id, unused] : connections_)
      ids.push_back(id);
    for (const auto id : ids)
      if (auto* open = find_connection(id))
        open->drain();
    finish_if_empty();
  });
}

void http_loop::force() {
  tasks_->post([this] {
    draining_ = true;
    table_->close();
    std::vector<uint64_t> ids;
    for (const auto& [id, unused] : connections_)
      ids.push_back(id);
    for (const auto id : ids)
      if (auto* open = find_connection(id))
        open->abort();
    finish();
  });
}

void http_loop::finish_if_empty() {
  if (draining_ && connections_.empty() && table_->size() == 0)
    finish();
}

void http_loop::finish() {
  finished_ = true;
  io_.stop();
}

size_t http_loop::pending_now() const noexcept {
  return table_ ? table_->size_now() : 0;
}

uint64_t http_loop::late() const noexcept {
  return table_ ? table_->late() : 0;
}

} // namespace faas::http
