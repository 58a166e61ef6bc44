#include "context.h"

#include <cstdio>
#include <ctime>
#include <mutex>
#include <utility>

namespace meander {

struct Context::State {
  Scratch shared[scratchSlots];
  std::vector<BufferPointer> bound;
  std::mutex mutex;
  std::string error;

  Profile* profile = nullptr;
  /** −1: nothing that is counted. */
  int code = -1;
  Phase phase = otherwise;
  std::clock_t since = 0;

  /** Counts what has passed for what was done until now. */
  void lap() {
    const std::clock_t now = std::clock();
    if (code >= 0) profile->seconds[code][phase] += static_cast<double>(now - since) / CLOCKS_PER_SEC;
    since = now;
  }

  Buffer* holder(const float* address) const {
    for (const auto& buffer : bound)
      if (address >= buffer->data() && address < buffer->data() + buffer->bytes() / sizeof(float)) return buffer.get();
    return nullptr;
  }
};

Context::Context(Pool& pool, const Caches& caches)
    : pool(pool), blocks(caches), tileBlocks(caches), state_(std::make_unique<State>()) {}
Context::~Context() = default;

float* Context::scratch(ScratchSlot slot, int64_t floats) { return state_->shared[slot].floats(floats); }
float* Context::perThread(int64_t floats) { return scratch(threadLocal, floats * pool.threads()); }
bool Context::adds(int64_t mode) const { return mode == add || (mode == first && scalars.accumulate); }

void Context::bind(std::vector<BufferPointer> stores) { state_->bound = std::move(stores); }
float* Context::kept(const float* address, int layout, int64_t rows, int64_t columns, int64_t words, bool& stale) {
  Buffer* const store = state_->holder(address);
  if (!store) return nullptr;
  const auto offset = static_cast<size_t>(address - store->data());
  return static_cast<float*>(store->kept({offset, layout, rows, columns}, words * sizeof(float), stale));
}
void Context::changed(const float* address) {
  if (Buffer* const store = state_->holder(address)) store->changed();
}

void Context::measure(Profile* profile) {
  if (state_->profile) state_->lap();
  state_->profile = profile;
  state_->since = std::clock();
}
void Context::operation(int code) {
  if (!state_->profile) return;
  state_->lap();
  state_->code = code;
  state_->phase = otherwise;
  if (code >= 0) state_->profile->runs[code]++;
}
void Context::phase(Phase next) {
  if (!state_->profile || state_->phase == next) return;
  state_->lap();
  state_->phase = next;
}

void Context::fail(const char* format, int64_t a, int64_t b) {
  char message[512];
  std::snprintf(message, sizeof message, format, static_cast<long long>(a), static_cast<long long>(b));
  const std::lock_guard lock(state_->mutex);
  if (state_->error.empty()) state_->error = message;
}
std::string Context::takeError() {
  const std::lock_guard lock(state_->mutex);
  return std::exchange(state_->error, {});
}
bool Context::failed() const {
  const std::lock_guard lock(state_->mutex);
  return !state_->error.empty();
}

}  // namespace meander
