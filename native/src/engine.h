// The engine of one backend: a queue that one thread works off with the pool's help. Everything returns at once;
// what a caller waits for is delivered by a callback on the engine's thread.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "context.h"
#include "memory.h"
#include "program.h"

namespace meander {

class Engine {
 public:
  Engine(int threads, const Family& family);
  /** Works off what is enqueued, then stops. */
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const Family& family() const { return family_; }
  int threads() const { return pool_.threads(); }

  /** Zeroed memory whose pages are touched in the background. Throws when it is not to be had. */
  BufferPointer allocate(size_t bytes);
  /**
   * Makes the arena that all programs share at least this large. Where it is not to be had, that is the error of the
   * next read or drain, and no program runs.
   */
  void reserve(size_t bytes);

  void write(BufferPointer target, size_t offset, std::unique_ptr<char[]> data, size_t bytes);
  void copy(BufferPointer target, BufferPointer source, size_t bytes);
  void vector(VectorOp op, BufferPointer target, BufferPointer source, float scalar, int64_t elements);
  void run(std::shared_ptr<const Program> program, BufferPointer results, std::vector<BufferPointer> bindings,
           const Scalars& scalars);

  /** Calls back with the first error since the last such call (empty: none), and the bytes read. */
  void read(BufferPointer source, size_t offset, size_t bytes,
            std::function<void(std::string error, std::unique_ptr<char[]> data)> done);
  void drain(std::function<void(std::string error)> done);
  void allFinite(BufferPointer source, int64_t elements, std::function<void(std::string error, bool finite)> done);
  /** Measures from now on, and calls back with what was measured since the last call (the first time: nothing). */
  void profile(std::function<void(const Profile&)> done);
  /** Floating-point operations per second of a registers-only loop on all threads, best of three. */
  void measurePeak(double seconds, std::function<void(double)> done);

 private:
  void enqueue(std::function<void()> job);
  void work();
  std::string takeError();

  const Family& family_;
  Pool pool_;
  Context context_;
  BufferPointer arena_;
  /** Bytes that were asked for; the arena has fewer after an allocation that failed. */
  size_t reserved_ = 0;
  std::string error_;
  std::unique_ptr<Profile> profile_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace meander
