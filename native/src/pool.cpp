#include "pool.h"

#include <chrono>
#include <utility>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace meander {

namespace {

inline void relax() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/** How long an idle worker looks for work before it sleeps: longer than the gap between two operations. */
constexpr auto patience = std::chrono::microseconds(60);

}  // namespace

Pool::Pool(int threads) {
  for (int i = 1; i < threads; i++) workers_.emplace_back([this, i] { work(i); });
}

Pool::~Pool() {
  stop_ = true;
  signal_++;
  signal_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void Pool::attempt(Task task, void* context, int index, int thread) {
  try {
    task(context, index, thread);
  } catch (...) {
    const std::lock_guard lock(failureMutex_);
    if (!failure_) failure_ = std::current_exception();
  }
}

/** Claims and runs one task of the open job; false when there is none. */
bool Pool::take(int thread) {
  uint64_t ticket = ticket_.load();
  for (;;) {
    const uint32_t count = count_.load();
    const Task task = task_.load();
    void* const context = context_.load();
    const auto index = static_cast<uint32_t>(ticket);
    if (index >= count) return false;
    // Succeeds only while the job whose fields were just read is still the open one.
    if (ticket_.compare_exchange_weak(ticket, ticket + 1)) {
      attempt(task, context, static_cast<int>(index), thread);
      done_.fetch_add(1);
      return true;
    }
  }
}

void Pool::work(int thread) {
  using Clock = std::chrono::steady_clock;
  while (!stop_) {
    if (take(thread)) continue;
    const uint32_t seen = signal_.load();
    bool found = false;
    const auto until = Clock::now() + patience;
    while (!found && Clock::now() < until) {
      for (int i = 0; i < 32 && !found; i++) {
        relax();
        found = signal_.load(std::memory_order_relaxed) != seen;
      }
    }
    if (found) continue;
    sleepers_++;
    if (take(thread)) {
      sleepers_--;
      continue;
    }
    if (!stop_) signal_.wait(seen);
    sleepers_--;
  }
}

void Pool::run(int count, Task task, void* context) {
  if (count <= 0) return;
  if (count == 1 || workers_.empty()) {
    for (int i = 0; i < count; i++) task(context, i, 0);
    return;
  }
  job_++;
  const uint64_t job = uint64_t{job_} << 32;
  ticket_.store(job | closed);
  done_.store(0);
  count_.store(static_cast<uint32_t>(count));
  task_.store(task);
  context_.store(context);
  ticket_.store(job);
  signal_++;
  if (sleepers_.load() > 0) signal_.notify_all();
  while (take(0)) {
  }
  for (int i = 0; done_.load() != static_cast<uint32_t>(count); i++) {
    relax();
    // More threads than cores: let the one that holds the last task run.
    if (i > 2000) std::this_thread::yield();
  }
  ticket_.store(job | closed);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

}  // namespace meander
