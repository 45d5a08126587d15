// Answers what it was sent, 40 ms late: a version that got slower.
#include <faas/function.hpp>

#include <thread>

std::string handle(const faas::sdk::request& event) {
  std::this_thread::sleep_for(std::chrono::milliseconds{40});
  return std::string{event.body()};
}

FAAS_FUNCTION(handle)
