#include "gateway/api/prometheus_text.hpp"
#include "gateway/api/routes.hpp"
#include "gateway/api/worker_pool.hpp"
#include "gateway/http/cells.hpp"
#include "gateway/http/task_queue.hpp"

#include <boost/test/unit_test.hpp>

#include <future>

using namespace faas;
using namespace faas::api;
using namespace std::chrono_literals;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(metrics_test)

  BOOST_AUTO_TEST_CASE(families_of_one_name_appear_once) {
    metric_family a{"x_total", "help", metric_family::kind::counter, {}, {}};
    a.samples.resize(1);
    a.samples[0].labels = {{"node", "a\"b\\c"}};
    a.samples[0].value = 12345678901;
    auto b = a;
    b.samples[0].labels = {{"node", "d"}};
    const auto text = prometheus_text({a, b});
    BOOST_TEST(text.find("# TYPE x_total counter")
               == text.rfind("# TYPE x_total counter"));
    BOOST_TEST(has(text, "x_total{node=\"a\\\"b\\\\c\"} 12345678901\n"));
    BOOST_TEST(has(text, "x_total{node=\"d\"}"));
  }

  BOOST_AUTO_TEST_CASE(histograms_are_cumulative_and_end_in_inf) {
    metric_family h{
      "h_seconds", "h", metric_family::kind::histogram, {0.5, 1}, {}};
    h.samples.resize(2);
    h.samples[0].buckets = {2, 3};
    h.samples[0].count = 4;
    h.samples[0].sum = 2.5;
    h.samples[1].buckets = {1}; // does not fit
    const auto text = prometheus_text({h});
    BOOST_TEST(has(text, "h_seconds_bucket{le=\"0.5\"} 2\n"));
    BOOST_TEST(has(text, "h_seconds_bucket{le=\"+Inf\"} 4\n"));
    BOOST_TEST(has(text, "h_seconds_count 4\n"));
    BOOST_TEST(has(text, "h_seconds_sum 2.5\n"));
  }

  BOOST_AUTO_TEST_CASE(cells_tell_codes_apart_until_they_are_used_up) {
    http::function_cells cells{"f"};
    for (uint16_t code = 200; code < 300; ++code)
      cells.answered(code, 7ms);
    uint64_t total = 0;
    for (const auto& at : cells.codes)
      total += at.count.get();
    BOOST_TEST(total == 100u);
    BOOST_TEST(cells.codes.back().code.load() == 999);
    BOOST_TEST(cells.codes.back().count.get() == 85u);
    BOOST_TEST(cells.codes[0].buckets[1].get() == 1u); // 5 ms < 7 ms <= 10 ms
  }

  BOOST_AUTO_TEST_CASE(functions_beyond_the_bound_share_one_series) {
    http::loop_cells cells;
    for (int i = 0; i < 1500; ++i)
      cells.function("f" + std::to_string(i)).started.add();
    BOOST_TEST(&cells.function("f1") == &cells.function("f1"));
    size_t series = 0;
    uint64_t started = 0;
    cells.for_each([&](const http::function_cells& function) {
      ++series;
      started += function.started.get();
    });
    BOOST_TEST(series == http::loop_cells::max_functions);
    BOOST_TEST(started == 1500u);
  }

  BOOST_AUTO_TEST_CASE(routes_know_methods_names_and_credentials) {
    const auto put = find_route("PUT", "/system/bundles/abc");
    BOOST_TEST((put.to == endpoint::put_bundle));
    BOOST_TEST(put.name == "abc");
    BOOST_TEST(put.needs_admin);
    BOOST_TEST(
      (find_route("HEAD", "/system/bundles/abc").to == endpoint::has_bundle));
    BOOST_TEST(
      (find_route("HEAD", "/system/functions").to == endpoint::list_functions));
    BOOST_TEST(
      (find_route("GET", "/system/function/a/b").to == endpoint::unknown));
    BOOST_TEST(
      (find_route("GET", "/system/function/").to == endpoint::unknown));
    BOOST_TEST(!find_route("GET", "/metrics").needs_admin);
    BOOST_TEST(find_route("GET", "/system/whatever").needs_admin);
    BOOST_TEST(!find_route("GET", "/whatever").needs_admin);
    const auto wrong = find_route("PATCH", "/system/functions");
    BOOST_TEST((wrong.to == endpoint::wrong_method));
    BOOST_TEST(wrong.allow == "GET, POST, PUT, DELETE");
  }

  BOOST_AUTO_TEST_CASE(a_task_queue_wakes_once_and_refuses_when_closed) {
    int wakes = 0, ran = 0;
    http::task_queue queue{[&] { ++wakes; }};
    BOOST_TEST(queue.post([&] { ++ran; }));
    BOOST_TEST(queue.post([&] { queue.post([&] { ran += 10; }); }));
    BOOST_TEST(wakes == 1);
    BOOST_TEST(queue.run() == 2u);
    BOOST_TEST(ran == 1);
    BOOST_TEST(queue.run() == 1u);
    BOOST_TEST(ran == 11);
    auto owned = std::make_shared<int>(1);
    queue.post([owned] {});
    queue.close();
    BOOST_TEST(owned.use_count() == 1);
    BOOST_TEST(!queue.post([] {}));
  }

  BOOST_AUTO_TEST_CASE(a_worker_pool_is_bounded_and_drops_at_stop) {
    std::promise<void> blocked, release;
    worker_pool pool{1, 2};
    BOOST_TEST(pool.run([&] {
      blocked.set_value();
      release.get_future().wait();
    }));
    blocked.get_future().wait();
    auto owned = std::make_shared<int>(1);
    BOOST_TEST(pool.run([owned] {}));
    BOOST_TEST(pool.run([owned] {}));
    BOOST_TEST(!pool.run([owned] {}));
    BOOST_TEST(pool.run_after(1h, [owned] {}));
    release.set_value();
    pool.stop();
    BOOST_TEST(owned.use_count() == 1);
    BOOST_TEST(!pool.run([] {}));
    BOOST_TEST(!pool.run_after(1ms, [] {}));
  }

  BOOST_AUTO_TEST_CASE(a_worker_pool_runs_later_tasks_in_order_of_time) {
    worker_pool pool{1, 10};
    std::promise<std::string> done;
    std::string order;
    pool.run_after(40ms, [&] { done.set_value(order + "b"); });
    pool.run_after(1ms, [&] { order += "a"; });
    BOOST_TEST(done.get_future().get() == "ab");
  }

  BOOST_AUTO_TEST_SUITE_END()
