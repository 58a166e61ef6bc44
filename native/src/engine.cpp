#include "engine.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace meander {

namespace {

/** Bytes of one task of plain copying or vector arithmetic. */
constexpr size_t copyChunk = size_t{1} << 18;
constexpr int64_t vectorChunk = 1 << 16;

int tasksOf(size_t n, size_t chunk) { return static_cast<int>((n + chunk - 1) / chunk); }

}  // namespace

Engine::Engine(int threads, const Family& family)
    : family_(family), pool_(threads), context_(pool_), thread_([this] { work(); }) {}

Engine::~Engine() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Engine::enqueue(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void Engine::work() {
  for (;;) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stop_ || !queue_.empty(); });
      if (queue_.empty()) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    try {
      job();
    } catch (const std::exception& error) {
      if (error_.empty()) error_ = error.what();
    }
    std::string failure = context_.takeError();
    if (error_.empty()) error_ = std::move(failure);
  }
}

std::string Engine::takeError() { return std::exchange(error_, {}); }

BufferPointer Engine::allocate(size_t bytes) {
  auto buffer = std::make_shared<Buffer>(bytes);
  if (bytes > copyChunk)
    enqueue([this, buffer] {
      // The first touch of a page is slow; it happens here and not inside a step. A byte of 0 changes nothing.
      pool_.each(tasksOf(buffer->bytes(), size_t{2} << 20), [&](int task, int) {
        const size_t from = static_cast<size_t>(task) * (size_t{2} << 20);
        for (size_t i = from; i < buffer->bytes() && i < from + (size_t{2} << 20); i += 4096)
          static_cast<volatile char*>(buffer->data<char>())[i] = 0;
      });
    });
  return buffer;
}

void Engine::reserve(size_t bytes) {
  enqueue([this, bytes] {
    if (arena_ && arena_->bytes() >= bytes) return;
    reserved_ = std::max(reserved_, bytes);
    arena_.reset();
    arena_ = std::make_shared<Buffer>(bytes);
    std::memset(arena_->data<char>(), 0, bytes);
  });
}

void Engine::write(BufferPointer target, size_t offset, std::unique_ptr<char[]> data, size_t bytes) {
  enqueue([target = std::move(target), offset, data = std::shared_ptr<char[]>(std::move(data)), bytes] {
    std::memcpy(target->data<char>() + offset, data.get(), bytes);
    target->changed();
  });
}

void Engine::copy(BufferPointer target, BufferPointer source, size_t bytes) {
  enqueue([this, target = std::move(target), source = std::move(source), bytes] {
    pool_.each(tasksOf(bytes, copyChunk), [&](int task, int) {
      const size_t from = task * copyChunk;
      const size_t n = bytes - from < copyChunk ? bytes - from : copyChunk;
      std::memmove(target->data<char>() + from, source->data<char>() + from, n);
    });
    target->changed();
  });
}

void Engine::vector(VectorOp op, BufferPointer target, BufferPointer source, float scalar, int64_t elements) {
  enqueue([this, op, target = std::move(target), source = std::move(source), scalar, elements] {
    pool_.each(tasksOf(elements, vectorChunk), [&](int task, int) {
      const int64_t from = task * vectorChunk;
      const int64_t n = elements - from < vectorChunk ? elements - from : vectorChunk;
      family_.vector(op, target->data() + from, source ? source->data() + from : nullptr, scalar, n);
    });
    target->changed();
  });
}

void Engine::run(std::shared_ptr<const Program> program, BufferPointer results, std::vector<BufferPointer> bindings,
                 const Scalars& scalars) {
  if (program->slots() > firstBinding + static_cast<int64_t>(bindings.size()))
    throw std::runtime_error("a native program was run with too few bindings");
  enqueue([this, program = std::move(program), results = std::move(results), bindings = std::move(bindings), scalars] {
    if ((arena_ ? arena_->bytes() : 0) < reserved_)
      throw std::runtime_error("a program cannot run without its memory of " + std::to_string(reserved_) + " bytes");
    std::vector<float*> bases = {arena_ ? arena_->data() : nullptr, results ? results->data() : nullptr};
    for (const auto& binding : bindings) bases.push_back(binding->data());
    context_.scalars = scalars;
    context_.bind(bindings);
    program->run(family_, context_, bases.data());
    context_.bind({});
  });
}

void Engine::read(BufferPointer source, size_t offset, size_t bytes,
                  std::function<void(std::string, std::unique_ptr<char[]>)> done) {
  enqueue([this, source = std::move(source), offset, bytes, done = std::move(done)] {
    std::unique_ptr<char[]> data(new (std::nothrow) char[bytes ? bytes : 1]);
    if (data) std::memcpy(data.get(), source->data<char>() + offset, bytes);
    std::string error = takeError();
    if (!data && error.empty()) error = "no memory to read " + std::to_string(bytes) + " bytes into";
    done(std::move(error), std::move(data));
  });
}

void Engine::drain(std::function<void(std::string)> done) {
  enqueue([this, done = std::move(done)] { done(takeError()); });
}

void Engine::allFinite(BufferPointer source, int64_t elements, std::function<void(std::string, bool)> done) {
  enqueue([this, source = std::move(source), elements, done = std::move(done)] {
    std::atomic<bool> finite{true};
    pool_.each(tasksOf(elements, vectorChunk), [&](int task, int) {
      const int64_t from = task * vectorChunk;
      const int64_t n = elements - from < vectorChunk ? elements - from : vectorChunk;
      if (!family_.allFinite(source->data() + from, n)) finite = false;
    });
    done(takeError(), finite);
  });
}

void Engine::profile(std::function<void(const Profile&)> done) {
  enqueue([this, done = std::move(done)] {
    auto next = std::make_unique<Profile>();
    context_.measure(next.get());
    done(profile_ ? *profile_ : Profile{});
    profile_ = std::move(next);
  });
}

void Engine::measurePeak(double seconds, std::function<void(double)> done) {
  enqueue([this, seconds, done = std::move(done)] {
    using Clock = std::chrono::steady_clock;
    double best = 0;
    for (int attempt = 0; attempt < 3; attempt++) {
      const auto started = Clock::now();
      std::atomic<double> operations{0};
      pool_.each(pool_.threads(), [&](int, int) {
        double mine = 0;
        float sink = 0;
        while (std::chrono::duration<double>(Clock::now() - started).count() < seconds)
          mine += family_.peak(20000, &sink);
        double seen = operations.load();
        // The sink decides nothing, but the loop cannot be dropped.
        if (sink == 12345.678f) mine += 1;
        while (!operations.compare_exchange_weak(seen, seen + mine)) {
        }
      });
      const double rate = operations / std::chrono::duration<double>(Clock::now() - started).count();
      if (rate > best) best = rate;
    }
    done(best);
  });
}

}  // namespace meander
