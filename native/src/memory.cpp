#include "memory.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#define MEANDER_MMAP 1
#endif
#if defined(__linux__)
#include <cstdio>
#endif

namespace meander {

namespace {

std::atomic<size_t> live{0};
constexpr size_t huge = size_t{2} << 20;

std::string megabytes(size_t bytes) {
  return std::to_string((bytes + (size_t{1} << 20) - 1) >> 20) + " MB";
}

#if defined(__linux__)
/** Bytes that the system could still hand out, or SIZE_MAX where it does not say. */
size_t available() {
  std::FILE* file = std::fopen("/proc/meminfo", "r");
  if (!file) return SIZE_MAX;
  char line[256];
  size_t result = SIZE_MAX;
  while (std::fgets(line, sizeof line, file)) {
    unsigned long long kilobytes = 0;
    if (std::sscanf(line, "MemAvailable: %llu kB", &kilobytes) == 1) result = size_t{kilobytes} << 10;
  }
  std::fclose(file);
  return result;
}
#endif

}  // namespace

Buffer::Buffer(size_t bytes) : bytes_(bytes) {
  const auto fail = [&] {
    throw std::runtime_error(megabytes(bytes) + " of memory are not to be had (the engine holds " +
                             megabytes(live.load()) + ")");
  };
  if (bytes > (size_t{1} << 47)) fail();
#if defined(__linux__)
  // Overcommit lets any mapping succeed and kills the process later: refuse what cannot fit.
  if (bytes > (size_t{256} << 20) && bytes > available()) fail();
#endif
#if defined(MEANDER_MMAP)
  if (bytes >= huge) {
    mapped_ = (bytes + huge - 1) / huge * huge + huge;
    void* base = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
      mapped_ = 0;
      fail();
    }
    // Trim to a 2 MiB border on both sides, so that huge pages fit.
    const auto start = reinterpret_cast<uintptr_t>(base);
    const auto aligned = (start + huge - 1) / huge * huge;
    if (aligned > start) munmap(base, aligned - start);
    const size_t tail = start + mapped_ - (aligned + (mapped_ - huge));
    if (tail) munmap(reinterpret_cast<void*>(aligned + (mapped_ - huge)), tail);
    mapped_ -= huge;
    data_ = reinterpret_cast<void*>(aligned);
#if defined(MADV_HUGEPAGE)
    madvise(data_, mapped_, MADV_HUGEPAGE);
#endif
    live += bytes_;
    return;
  }
#endif
  data_ = ::operator new(bytes ? bytes : 64, std::align_val_t{64}, std::nothrow);
  if (!data_) fail();
  std::memset(data_, 0, bytes);
  live += bytes_;
}

Buffer::~Buffer() {
#if defined(MEANDER_MMAP)
  if (mapped_) {
    munmap(data_, mapped_);
    live -= bytes_;
    return;
  }
#endif
  ::operator delete(data_, std::align_val_t{64});
  live -= bytes_;
}

size_t Buffer::total() { return live.load(); }

void* Buffer::kept(const Key& key, size_t bytes, bool& stale) {
  Kept& kept = kept_[key];
  if (!kept.memory) kept.memory = std::make_unique<Buffer>(bytes);
  stale = kept.version != version_;
  kept.version = version_;
  return kept.memory->data<void>();
}

float* Scratch::floats(size_t count) {
  const size_t bytes = count * sizeof(float);
  if (!buffer_ || buffer_->bytes() < bytes) {
    buffer_.reset();
    buffer_ = std::make_unique<Buffer>(bytes);
  }
  return buffer_->data();
}

}  // namespace meander
