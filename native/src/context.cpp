#include "context.h"

#include <cstdio>
#include <mutex>
#include <utility>

namespace meander {

struct Context::State {
  Scratch shared[scratchSlots];
  std::mutex mutex;
  std::string error;
};

Context::Context(Pool& pool) : pool(pool), state_(std::make_unique<State>()) {}
Context::~Context() = default;

float* Context::scratch(ScratchSlot slot, int64_t floats) { return state_->shared[slot].floats(floats); }
float* Context::perThread(int64_t floats) { return scratch(threadLocal, floats * pool.threads()); }
bool Context::adds(int64_t mode) const { return mode == add || (mode == first && scalars.accumulate); }

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
