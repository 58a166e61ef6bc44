// A thread pool whose results cannot depend on how many threads it has: it only hands out task numbers.
#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace meander {

class Pool {
 public:
  using Task = void (*)(void* context, int task, int thread);

  /** `threads` in all, the caller of `run` included. */
  explicit Pool(int threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /**
   * Runs task 0 … count − 1, each exactly once, on whichever thread is free; returns when all are done.
   * Only one caller at a time. Throws what the first task that failed threw.
   */
  void run(int count, Task task, void* context);

  /** The same with a callable (int task, int thread). */
  template <class F>
  void each(int count, const F& body) {
    run(
        count, [](void* context, int task, int thread) { (*static_cast<const F*>(context))(task, thread); },
        const_cast<F*>(&body));
  }

 private:
  void work(int thread);
  bool take(int thread);
  void attempt(Task task, void* context, int index, int thread);

  std::vector<std::thread> workers_;
  /**
   * Number of the job in the upper half, next task in the lower; `closed` while a job is being written.
   * A claim is one compare-and-swap on this word, so a worker that lags cannot claim from a later job.
   */
  alignas(64) std::atomic<uint64_t> ticket_{closed};
  alignas(64) std::atomic<uint32_t> done_{0};
  alignas(64) std::atomic<uint32_t> count_{0};
  std::atomic<Task> task_{nullptr};
  std::atomic<void*> context_{nullptr};
  alignas(64) std::atomic<uint32_t> signal_{0};
  std::atomic<uint32_t> sleepers_{0};
  std::atomic<bool> stop_{false};
  uint32_t job_ = 0;
  std::mutex failureMutex_;
  std::exception_ptr failure_;

  static constexpr uint64_t closed = 0xffffffffu;
};

}  // namespace meander
