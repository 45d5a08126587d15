// Which models are shared, kept and loaded again; and how a runtime uses that.
#include "functions/torch/model_store.hpp"

#include "tests/unit/torch/models.hpp"

#include <boost/test/unit_test.hpp>

#include <thread>

using namespace faas;
using namespace faas::torch_runtime;
using namespace torch_test;

namespace {

constexpr const char* sum = R"(
def forward(self, x):
    return x.sum(1, keepdim=True).float()
)";

/// Counts loads, and keeps what each was told of earlier trials.
struct counting {
  const bundle files;
  const std::shared_ptr<model_store> store;
  int loads = 0, known = 0;

  explicit counting(uint64_t capacity)
    : store(std::make_shared<model_store>(capacity)) {
    write_model(files, sum);
  }

  result<std::unique_ptr<model_lease>> get(const std::string& key,
                                           uint64_t bytes) {
    return store->get(key, bytes,
                      [&](const trial_finding* found) -> result<loaded_model> {
                        ++loads;
                        known += found != nullptr;
                        auto made
                          = model::load(files.file(), memory_layout::nchw);
                        if (!made)
                          return made.error();
                        return loaded_model{{*std::move(made), {}, false, 3},
                                            {}};
                      });
  }
};

result<std::unique_ptr<function_module>>
load(runtime& of, const bundle& files, const function_spec& manifest) {
  return of.load({{manifest.name, 1}, manifest, files.folder(), {}, {}});
}

} // namespace

BOOST_AUTO_TEST_SUITE(model_store_test)

  BOOST_AUTO_TEST_CASE(two_users_share_one_model) {
    counting the{100};
    const auto first = the.get("a", 60), second = the.get("a", 60);
    BOOST_REQUIRE((first && second));
    BOOST_TEST(&(*first)->what() == &(*second)->what());
    BOOST_TEST(the.loads == 1);
    BOOST_TEST(the.store->now().models == 1u);
    BOOST_TEST(the.store->now().in_use == 1u);
  }

  BOOST_AUTO_TEST_CASE(model_without_users_stays_until_room_is_needed) {
    counting the{100};
    the.get("a", 60);
    BOOST_TEST(the.store->now().in_use == 0u);
    BOOST_TEST(the.store->now().bytes == 60u);
    the.get("a", 60);
    BOOST_TEST(the.loads == 1);
    the.get("b", 60);
    BOOST_TEST(the.store->now().models == 1u);
    the.get("a", 60);
    BOOST_TEST(the.loads == 3);
    BOOST_TEST(the.known == 1); // what the first trial of a found
  }

  BOOST_AUTO_TEST_CASE(models_in_use_are_never_dropped) {
    counting the{100};
    const auto used = the.get("a", 60);
    const auto other = the.get("b", 60);
    BOOST_REQUIRE((used && other));
    BOOST_TEST(the.store->now().models == 1u);
    BOOST_TEST(the.store->now().bytes == 60u);
    // b works, and goes with its user.
    BOOST_TEST((*other)->what().cpu.step == 3);
    (*other)->arrived(1);
    BOOST_TEST(static_cast<bool>(the.get("a", 60)));
    BOOST_TEST(the.loads == 2);
  }

  BOOST_AUTO_TEST_CASE(what_is_asked_for_least_goes_first) {
    counting the{100};
    (*the.get("a", 40))->arrived(5);
    (*the.get("b", 40))->arrived(500);
    the.get("c", 40);
    the.get("b", 40);
    BOOST_TEST(the.loads == 3);
    the.get("a", 40);
    BOOST_TEST(the.loads == 4);
  }

  BOOST_AUTO_TEST_CASE(without_room_nothing_stays) {
    counting the{0};
    the.get("a", 60);
    BOOST_TEST(the.store->now().models == 0u);
    the.get("a", 60);
    BOOST_TEST(the.loads == 2);
    BOOST_TEST(the.known == 1);
  }

  BOOST_AUTO_TEST_CASE(findings_are_bounded) {
    counting the{0};
    for (size_t i = 0; i <= model_store::most_findings; ++i)
      the.get(std::to_string(i), 1);
    the.get("0", 1); // the oldest was forgotten
    BOOST_TEST(the.known == 0);
    the.get(std::to_string(model_store::most_findings), 1);
    BOOST_TEST(the.known == 1);
  }

  BOOST_AUTO_TEST_CASE(failed_loads_leave_nothing) {
    const auto store = std::make_shared<model_store>(100);
    const auto got = store->get(
      "a", 60, [](const trial_finding*) -> result<loaded_model> {
        return error{errc::bad_bundle, "no", ""};
      });
    BOOST_TEST(!got);
    BOOST_TEST(store->now().models == 0u);
  }

  BOOST_AUTO_TEST_CASE(threads_that_ask_at_once_end_with_one) {
    counting the{100};
    std::atomic<int> wrong{0};
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
          for (int again = 0; again < 20; ++again) {
            auto got = the.store->get(
              "a", 60, [&](const trial_finding*) -> result<loaded_model> {
                auto made
                  = model::load(the.files.file(), memory_layout::nchw);
                return loaded_model{{*std::move(made), {}, false, 0}, {}};
              });
            wrong += !got;
          }
        });
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST(the.store->now().models == 1u);
    BOOST_TEST(the.store->now().in_use == 0u);
  }

  BOOST_AUTO_TEST_CASE(version_that_comes_back_answers_as_before) {
    for (const uint64_t kept : {uint64_t{0}, uint64_t{1} << 30}) {
      const bundle files;
      write_cnn(files, 1);
      runtime of{1, {}, kept};
      const auto manifest = spec("UINT8", {-1, 1, 28, 28});
      std::string answers[2];
      string_map facts[2];
      for (int i = 0; i < 2; ++i) {
        auto module = load(of, files, manifest);
        BOOST_REQUIRE(static_cast<bool>(module));
        auto instance = (*module)->create_instance();
        BOOST_REQUIRE(static_cast<bool>(instance));
        context calls;
        std::vector<uint8_t> pixels(784 * 3, 7);
        answers[i] = text((*instance)->invoke(event(pixels), calls));
        facts[i] = (*module)->facts();
        facts[i].erase("load_ms");
      }
      BOOST_TEST(answers[0] == answers[1]);
      BOOST_TEST((facts[0] == facts[1])); // the same trial
    }
  }

  BOOST_AUTO_TEST_CASE(another_file_or_manifest_is_another_model) {
    const bundle files;
    write_model(files, sum);
    runtime of{1, {}, uint64_t{1} << 30};
    auto manifest = spec("FP32", {-1, 3}, "tensor");
    BOOST_REQUIRE(static_cast<bool>(load(of, files, manifest)));
    manifest.petrel.inputs[0].shape = {-1, 4};
    const auto other = load(of, files, manifest);
    BOOST_REQUIRE(static_cast<bool>(other));
    BOOST_TEST(has((*other)->facts().at("input"), "[n,4]"));
    write_model(files, "def forward(self, x):\n    return x + 1\n");
    std::filesystem::last_write_time(
      files.file(), std::filesystem::last_write_time(files.file())
                      + std::chrono::seconds{5});
    auto changed = load(of, files, manifest);
    BOOST_REQUIRE(static_cast<bool>(changed));
    auto instance = (*changed)->create_instance();
    context calls;
    const auto answer
      = (*instance)->invoke(event(std::vector<float>{1, 2, 3, 4}), calls);
    BOOST_TEST((elements<float>(answer) == std::vector<float>{2, 3, 4, 5}));
  }

  BOOST_AUTO_TEST_SUITE_END()
