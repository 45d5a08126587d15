// Own events at a site that joins them, against a plain simulation.
#include "libfaas/core/random.hpp"
#include "libfaas/routing/batch_load.hpp"
#include "libfaas/routing/shared_load.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

using namespace faas;
using namespace faas::routing;

namespace {

const auto near = boost::test_tools::tolerance(1e-9);

time_point at(double ms) { return time_point{} + from_ms(1e5 + ms); }
double since(double clock_ms) { return clock_ms - 1e5; }

/// Batches of at most 8 items, 10 + items ms.
batched_event event(double items = 1, double window = 0,
                    uint32_t function = 0) {
  return {function, items, {8, window}, 10, 1};
}

/// A plan with what readers see of it.
struct planned : batch_load {
  using batch_load::batch_load;
  open_batches shown;
  batch_place place(const batched_event& one, double arrives, double now) {
    shown.show(outlook());
    auto found = shown.place(one.function, one.terms, one.items, 1e5 + arrives,
                             1e5 + now);
    found.begins_ms = since(found.begins_ms);
    return found;
  }
};

batch_return alone(double inside) { return {0, inside}; }
batch_return shared(double inside, double took, double items) {
  return {0, inside, took, items};
}

// -- a site as it is: goes on from instant to instant ----------------------------

struct job {
  batched_event what;
  double arrives = 0;
  double begins = -1, ends = -1, items = 0; ///< of its batch
};

/// One server, by what it does.
struct server {
  std::vector<size_t> gathers, runs;
  double until = 0;
};

class station {
public:
  station(size_t servers, std::vector<job>& jobs)
    : servers_(servers), jobs_(jobs) {}

  void run() {
    std::vector<size_t> coming(jobs_.size());
    for (size_t i = 0; i < coming.size(); ++i)
      coming[i] = i;
    std::stable_sort(coming.begin(), coming.end(), [&](size_t a, size_t b) {
      return jobs_[a].arrives < jobs_[b].arrives;
    });
    size_t next = 0;
    for (;;) {
      double now = next < coming.size() ? jobs_[coming[next]].arrives : 1e300;
      server* first = nullptr;
      for (auto& one : servers_)
        if ((!one.gathers.empty() || !one.runs.empty()) && one.until < now) {
          now = one.until;
          first = &one;
        }
      if (now == 1e300)
        return;
      if (first == nullptr)
        arrive(coming[next++], now);
      else if (!first->gathers.empty())
        begin(*first, now);
      else
        release(*first, now);
    }
  }

private:
  bool fits(const server& to, size_t one) const {
    const auto& what = jobs_[one].what;
    const auto& head = jobs_[to.gathers.front()].what;
    return what.function == head.function && what.items > 0
           && sum(to.gathers) + what.items <= what.terms.most
           && head.items > 0;
  }
  double sum(const std::vector<size_t>& of) const {
    double all = 0;
    for (const auto one : of)
      all += jobs_[one].what.items;
    return all;
  }
  bool full(const server& one) const {
    const auto all = sum(one.gathers);
    return all <= 0 || all >= jobs_[one.gathers.front()].what.terms.most;
  }
  void arrive(size_t one, double now) {
    for (auto& to : servers_)
      if (!to.gathers.empty() && fits(to, one)) {
        to.gathers.push_back(one);
        if (full(to))
          begin(to, now);
        return;
      }
    waiting_.push_back(one);
    for (auto& to : servers_)
      if (to.gathers.empty() && to.runs.empty())
        return release(to, now);
  }
  void release(server& by, double now) {
    by.runs.clear();
    if (waiting_.empty())
      return;
    by.gathers = {waiting_.front()};
    waiting_.erase(waiting_.begin());
    for (auto one = waiting_.begin(); one != waiting_.end();)
      if (!full(by) && fits(by, *one)) {
        by.gathers.push_back(*one);
        one = waiting_.erase(one);
      } else {
        ++one;
      }
    by.until = now + jobs_[by.gathers.front()].what.terms.window_ms;
    if (full(by) || by.until <= now)
      begin(by, now);
  }
  void begin(server& by, double now) {
    by.runs = std::move(by.gathers);
    by.gathers.clear();
    const auto all = sum(by.runs);
    by.until = now + jobs_[by.runs.front()].what.takes(all);
    for (const auto one : by.runs) {
      jobs_[one].begins = now;
      jobs_[one].ends = by.until;
      jobs_[one].items = all;
    }
  }

  std::vector<server> servers_;
  std::vector<job>& jobs_;
  std::vector<size_t> waiting_;
};

std::vector<job> served(std::vector<job> jobs, size_t servers) {
  station{servers, jobs}.run();
  return jobs;
}

/// What is sent, and how long it is under way there and back.
struct traffic {
  uint64_t seed = 1;
  size_t servers = 1;
  double window = 0, gap = 3;
  std::vector<double> sizes{1};
  uint32_t functions = 1;
  double there = 7, back = 5;
};

/// Each event's place by the plan and by a simulation of what has been sent so
/// far, while all of it takes as long as planned. How many were compared.
size_t compare(const traffic& how) {
  random_source random{how.seed};
  planned plan{static_cast<double>(how.servers)};
  std::vector<job> sent;
  std::vector<uint64_t> tickets;
  std::set<size_t> open;
  double now = 0;
  size_t same = 0;
  for (size_t i = 0; i < 400; ++i) {
    now += -how.gap * std::log(1 - random.uniform());
    auto what = event(how.sizes[random.below(how.sizes.size())], how.window,
                      static_cast<uint32_t>(random.below(how.functions)));
    // No two batches take the same to the nanosecond.
    what.fixed_ms += what.function + random.uniform();
    // What is back by now, in the order of coming back: it does not depend on
    // what was sent after its batch had begun.
    const auto so_far = served(sent, how.servers);
    std::vector<std::pair<double, size_t>> returns;
    for (const auto one : open)
      if (so_far[one].ends + how.back <= now)
        returns.emplace_back(so_far[one].ends, one);
    std::sort(returns.begin(), returns.end());
    for (const auto& [end, one] : returns) {
      const auto& it = so_far[one];
      const bool joined = it.items > it.what.items;
      plan.finish(tickets[one],
                  {how.back, end - it.arrives, joined ? end - it.begins : 0,
                   joined ? it.items : 0},
                  at(end + how.back));
      open.erase(one);
    }
    const double arrives = now + how.there;
    const auto place = plan.place(what, arrives, now);
    sent.push_back({what, arrives});
    const auto truth = served(sent, how.servers).back();
    // Clocks have whole nanoseconds.
    const bool right
      = std::abs(place.begins_ms - truth.begins) < 1e-3
        && std::abs(place.items + what.items - truth.items) < 1e-6;
    same += right ? 1 : 0;
    tickets.push_back(plan.start(what, how.there, at(now)));
    open.insert(i);
    BOOST_REQUIRE(plan.in_flight() == open.size());
  }
  BOOST_TEST_MESSAGE("seed " << how.seed << ", servers " << how.servers
                             << ", window " << how.window << ": " << same);
  return same;
}

} // namespace

BOOST_AUTO_TEST_SUITE(batch_load_test)

BOOST_AUTO_TEST_CASE(what_waits_joins_the_next_batch) {
  planned plan;
  BOOST_TEST(plan.place(event(), 5, 0).begins_ms == 5, near);
  plan.start(event(), 5, at(0)); // 5 to 16
  auto next = plan.place(event(), 6, 1);
  BOOST_TEST(next.begins_ms == 16, near);
  BOOST_TEST(next.items == 0);
  plan.start(event(3), 5, at(1));
  next = plan.place(event(5), 7, 2);
  BOOST_TEST(next.begins_ms == 16, near);
  BOOST_TEST(next.items == 3);
  BOOST_TEST(next.ahead_ms == 0);
  // It has room for 5: this one is for the batch after it, 16 + 10 + 3.
  next = plan.place(event(6), 7, 2);
  BOOST_TEST(next.begins_ms == 29, near);
  BOOST_TEST(next.items == 0);
  BOOST_TEST(next.ahead_ms == 13, near);
  // Another function's batch comes after that, too.
  BOOST_TEST(plan.place(event(1, 0, 1), 7, 2).begins_ms == 29, near);
  // When the batch runs, none can join.
  BOOST_TEST(plan.place(event(), 17, 12).begins_ms == 29, near);
}

BOOST_AUTO_TEST_CASE(a_window_is_waited_for_unless_the_batch_is_full) {
  planned plan;
  BOOST_TEST(plan.place(event(1, 4), 5, 0).begins_ms == 9, near);
  BOOST_TEST(plan.place(event(8, 4), 5, 0).begins_ms == 5, near);
  BOOST_TEST(plan.place(event(0, 4), 5, 0).begins_ms == 5, near);
  plan.start(event(2, 4), 5, at(0));
  BOOST_TEST(plan.place(event(5, 4), 8, 3).begins_ms == 9, near);
  BOOST_TEST(plan.place(event(6, 4), 8, 3).begins_ms == 8, near); // full
  plan.start(event(6, 4), 5, at(3)); // 8 to 26
  BOOST_TEST(plan.place(event(1, 4), 9, 4).begins_ms == 30, near);
  plan.start(event(8, 4), 5, at(4)); // 26 to 44
  BOOST_TEST(plan.place(event(1, 4), 10, 5).begins_ms == 48, near);
}

BOOST_AUTO_TEST_CASE(without_items_or_with_too_many_an_event_goes_alone) {
  planned plan;
  plan.start(event(), 0, at(0)); // until 11
  plan.start(event(0), 0, at(1)); // 11 to 21
  plan.start(event(20), 0, at(2)); // 21 to 51
  const auto next = plan.place(event(), 3, 3);
  BOOST_TEST(next.begins_ms == 51, near);
  BOOST_TEST(next.items == 0);
  BOOST_TEST(plan.place(event(0), 3, 3).items == 0);
}

BOOST_AUTO_TEST_CASE(it_plans_as_a_site_serves) {
  traffic how;
  for (how.seed = 1; how.seed <= 4; ++how.seed)
    for (how.servers = 1; how.servers <= 3; ++how.servers)
      for (how.window = 0; how.window <= 4; how.window += 2) {
        how.gap = 4.0 / static_cast<double>(how.servers);
        how.sizes = {1};
        how.functions = 1;
        BOOST_TEST(compare(how) == 400u);
        how.functions = 2;
        BOOST_TEST(compare(how) == 400u);
        // Sizes leave gaps in more batches than are shown at times.
        how.sizes = {1, 2, 5, 8, 12, 0};
        how.gap *= 4;
        BOOST_TEST(compare(how) >= 396u);
      }
}

BOOST_AUTO_TEST_CASE(a_late_or_early_batch_moves_those_that_wait) {
  for (const double end : {6.0, 40.0}) { // 11 by plan
    planned plan;
    const auto first = plan.start(event(), 0, at(0));
    plan.start(event(), 0, at(1));
    plan.start(event(), 0, at(2));
    BOOST_TEST(plan.place(event(), 3, 3).begins_ms == 11, near);
    plan.finish(first, alone(end), at(end));
    // The two run now: until end + 12.
    const auto next = plan.place(event(), end + 1, end + 1);
    BOOST_TEST(next.begins_ms == end + 12, near);
    BOOST_TEST(next.items == 0);
  }
}

BOOST_AUTO_TEST_CASE(one_of_a_batch_tells_of_all) {
  planned plan;
  plan.start(event(), 0, at(0));
  std::vector<uint64_t> together;
  for (int i = 0; i < 4; ++i)
    together.push_back(plan.start(event(), 0, at(1)));
  plan.start(event(), 0, at(13)); // not among those four, which begin at 11
  BOOST_TEST(plan.place(event(), 14, 14).begins_ms == 25, near);
  // The last of them is back first, and late: by then none of them is there.
  BOOST_TEST(plan.finish(together[3], shared(29, 14, 4), at(30)) == 1u);
  BOOST_TEST(plan.in_flight() == 5u);
  BOOST_TEST(plan.place(event(), 31, 31).begins_ms == 41, near);
  for (int i = 0; i < 3; ++i) { // what comes behind changes nothing
    plan.finish(together[i], shared(29, 14, 4), at(32 + i));
    BOOST_TEST(plan.place(event(), 35, 35).begins_ms == 41, near);
  }
  BOOST_TEST(plan.in_flight() == 2u); // the first one was never heard of
}

/// By plan they were two batches, from 0 and from 11; but the site was busy with
/// others' events until 7; then both went with one of those.
BOOST_AUTO_TEST_CASE(a_batch_that_began_late_had_those_that_came_meanwhile) {
  planned plan;
  const auto first = plan.start(event(), 0, at(0));
  plan.start(event(), 0, at(5));
  plan.start(event(), 0, at(9)); // after both
  plan.finish(first, shared(20, 13, 3), at(20));
  BOOST_TEST(plan.in_flight() == 2u);
  const auto next = plan.place(event(), 21, 21); // after that one, 20 to 31
  BOOST_TEST(next.begins_ms == 31, near);
  BOOST_TEST(next.items == 0);
}

BOOST_AUTO_TEST_CASE(an_event_that_is_given_up_frees_no_server) {
  planned plan;
  plan.start(event(), 0, at(0));
  const auto lost = plan.start(event(), 0, at(1));
  plan.start(event(), 0, at(2));
  plan.finish(lost, {}, at(3)); // while the first runs
  BOOST_TEST(plan.in_flight() == 2u);
  const auto next = plan.place(event(), 4, 4);
  BOOST_TEST(next.begins_ms == 11, near);
  BOOST_TEST(next.items == 1);
}

BOOST_AUTO_TEST_CASE(events_beyond_those_looked_at_count_by_their_shares) {
  planned plan;
  std::vector<uint64_t> all;
  for (int i = 0; i < 300; ++i)
    all.push_back(plan.start(event(), 0, at(0)));
  BOOST_TEST(plan.in_flight() == 300u);
  // 16 batches of 8; each of 172 more is an eighth of 18 ms.
  const double first = 16 * 18, more = 172 * 18 / 8.0;
  BOOST_TEST(plan.place(event(), 1, 1).begins_ms == first + more, near);
  for (const auto one : all)
    plan.finish(one, {}, at(500));
  BOOST_TEST(plan.in_flight() == 0u);
  BOOST_TEST(plan.place(event(), 501, 501).begins_ms == 501, near);
  plan.finish(all[0], {}, at(502)); // long gone
  BOOST_TEST(plan.in_flight() == 0u);
}

BOOST_AUTO_TEST_CASE(functions_that_are_not_joined_share_the_servers) {
  shared_load load;
  load.start(20, 0, at(0)); // before anything is known of batches: until 20
  const auto ticket = load.join(event(), 0, at(1)); // until 12
  load.start(30, 0, at(2)); // 12 to 42
  BOOST_TEST(load.in_flight() == 3u);
  BOOST_TEST(load.free_in_ms(at(2)) == 40, near);
  const auto begins = [&](double now) {
    return since(load.open()
                   .place(0, event().terms, 1, 1e5 + now, 1e5 + now)
                   .begins_ms);
  };
  BOOST_TEST(begins(3) == 42, near);
  load.leave(ticket, {0, 6}, at(7)); // early: the other one has begun at 7
  BOOST_TEST(begins(8) == 37, near);
  load.finish(30, 0, at(30), 28);
  BOOST_TEST(begins(31) == 31, near);
  load.finish(20, 0, at(32), 32);
  BOOST_TEST(load.in_flight() == 0u);
  for (int i = 0; i < 200; ++i) // more than are looked at one by one
    load.start(1 + i, 0, at(40));
  for (int i = 0; i < 200; ++i)
    load.finish(1 + i, 0, at(50 + i));
  BOOST_TEST(load.in_flight() == 0u);
  BOOST_TEST(begins(260) == 260, near);
}

BOOST_AUTO_TEST_SUITE_END()
