#include "functions/isolated/worker/serve.hpp"

#include "functions/isolated/channel/channel.hpp"
#include "functions/isolated/channel/message.hpp"
#include "functions/isolated/worker/worker_context.hpp"
#include "functions/native/native_instance.hpp"

#include <csignal>
#include <cstdio>
#include <iostream>
#include <pthread.h>
#include <unistd.h>

namespace faas::isolated {
namespace {

/// One worker: its instance and the questions that it answers.
class server {
public:
  server(const segment& memory, int control)
    : channel_(memory), control_(control) {}

  int run() {
    while (true) {
      const auto head = channel_.next();
      const auto kind = kind_of(head);
      if (kind == request_kind::call && instance_)
        answer(call(head));
      else if (kind == request_kind::create && !instance_)
        answer(create(head));
      else if (kind == request_kind::destroy)
        return destroy();
      else
        return cannot_serve;
    }
  }

private:
  reply create(std::string_view head) {
    auto about = unpack_create(head);
    if (!about)
      return reply::failure({errc::internal, "a request that is none"});
    about_ = std::move(*about);
    auto code = native::library::open(about_.library);
    if (!code)
      return reply::failure(code.error());
    const auto abi = (*code)->table().abi_version;
    secrets_ = std::make_shared<secret_folder>(about_.secret_folder,
                                               about_.secrets);
    auto made = native::native_instance::create(
      std::move(*code), {about_.function, about_.folder, about_.environment,
                         about_.max_body, secrets_});
    if (!made)
      return reply::failure(made.error());
    instance_ = std::move(*made);
    reply answer;
    answer.body = blob{std::to_string(abi)};
    return answer;
  }

  reply call(std::string_view head) {
    auto asked = unpack_call(head);
    if (!asked)
      return reply::failure({errc::internal, "a request that is none"});
    for (const auto& name : asked->changed)
      secrets_->changed(name);
    auto& event = asked->event;
    event.deadline = std::chrono::steady_clock::now() + asked->remaining;
    event.body = blob{std::string{channel_.body(asked->body_bytes)}};
    worker_context context{channel_, event.deadline, control_};
    return instance_->invoke(event, context);
  }

  void answer(const reply& what) {
    flush();
    out_.clear();
    pack_reply(out_, what, what.body.size());
    if (channel_.answer(out_.view(), what.body.view()))
      return;
    out_.clear();
    pack_reply(out_, reply::failure({errc::function_failed,
                                     "the function's answer is too large",
                                     "answer with less"}),
               0);
    channel_.answer(out_.view(), {});
  }

  int destroy() {
    instance_.reset();
    flush();
    out_.clear();
    pack_reply(out_, {}, 0);
    channel_.answer(out_.view(), {});
    return 0;
  }

  /// Before the answer, so that the node has all that belongs to it.
  static void flush() {
    std::cout.flush();
    std::fflush(stdout);
  }

  worker_end channel_;
  int control_;
  create_request about_;
  std::shared_ptr<secret_folder> secrets_;
  std::unique_ptr<function_instance> instance_;
  packer out_;
};

/// Ends the process when the other end of the control socket is closed.
void* watch_node(void* control) {
  const auto fd = static_cast<int>(reinterpret_cast<intptr_t>(control));
  char nothing = 0;
  while (true) {
    const auto got = read(fd, &nothing, 1);
    if (got == 0 || (got < 0 && errno != EINTR))
      _exit(cannot_serve);
  }
}

bool start_watch(int control) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 * limits::kib);
  pthread_t thread{};
  const bool started
    = pthread_create(&thread, &small, &watch_node,
                     reinterpret_cast<void*>(static_cast<intptr_t>(control)))
      == 0;
  pthread_attr_destroy(&small);
  return started;
}

/// A handler and not SIG_IGN, which programs that the function starts would
/// inherit.
void nothing(int) {}

void leave_signals_to_the_node() {
  struct sigaction action {};
  action.sa_handler = &nothing;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    sigaction(signal, &action, nullptr);
}

} // namespace

int serve(worker_fds fds) {
  leave_signals_to_the_node();
  auto memory = segment::open(fds.memory);
  if (!memory) {
    std::cerr << memory.error().to_string() << '\n';
    return cannot_serve;
  }
  if (!start_watch(fds.control)) {
    std::cerr << "the worker process may not start a thread; allow it more "
                 "processes\n";
    return cannot_serve;
  }
  return server{*memory, fds.control}.run();
}

} // namespace faas::isolated
