#include "merge.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <limits>
#include <mutex>

#include "context.h"

#if defined(_WIN32)
#define NOMINMAX
#include <windows.h>
#else
#include <fcntl.h>
#include <unistd.h>
#endif

namespace meander {

namespace {

/** Bytes of sums and of stored numbers that one thread works on: they stay in a second-level cache. */
constexpr int64_t workingBytes = 384 << 10;
constexpr int64_t leastChunk = 4096, mostChunk = 1 << 16;
constexpr int64_t sizeOf(MergeType type) { return type == mergeF64 ? 8 : type == mergeF32 ? 4 : 2; }

/** A file that is read and written by position, by any thread. */
class File {
 public:
  File(const std::string& path, bool writes) : path_(path) {
#if defined(_WIN32)
    const int length = MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, nullptr, 0);
    std::wstring wide(static_cast<size_t>(length), L'\0');
    MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, wide.data(), length);
    handle_ = CreateFileW(wide.c_str(), writes ? GENERIC_WRITE : GENERIC_READ,
                          FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING,
                          FILE_ATTRIBUTE_NORMAL, nullptr);
    if (handle_ == INVALID_HANDLE_VALUE) fail("opened");
#else
    do descriptor_ = ::open(path.c_str(), (writes ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
    while (descriptor_ < 0 && errno == EINTR);
    if (descriptor_ < 0) fail("opened");
#endif
  }
  ~File() {
#if defined(_WIN32)
    CloseHandle(handle_);
#else
    ::close(descriptor_);
#endif
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  void read(void* target, int64_t size, int64_t position) const {
    auto* at = static_cast<char*>(target);
    while (size > 0) {
      const int64_t done = readSome(at, size, position);
      if (done < 0) fail("read");
      if (done == 0) throw FileError(path_, "read", 0);
      at += done, size -= done, position += done;
    }
  }
  void write(const void* source, int64_t size, int64_t position) const {
    const auto* at = static_cast<const char*>(source);
    while (size > 0) {
      const int64_t done = writeSome(at, size, position);
      if (done < 0) fail("written");
      at += done, size -= done, position += done;
    }
  }
  /** Tells the system what will be read. */
  void announce(int64_t position, int64_t size) const {
#if defined(POSIX_FADV_WILLNEED)
    ::posix_fadvise(descriptor_, position, size, POSIX_FADV_WILLNEED);
#else
    (void)position, (void)size;
#endif
  }

 private:
  std::string path_;
#if defined(_WIN32)
  HANDLE handle_;

  [[noreturn]] void fail(const char* doing) const {
    const DWORD error = GetLastError();
    const int code = error == ERROR_DISK_FULL || error == ERROR_HANDLE_DISK_FULL ? ENOSPC
                     : error == ERROR_ACCESS_DENIED                             ? EACCES
                     : error == ERROR_WRITE_PROTECT                             ? EROFS
                     : error == ERROR_FILE_NOT_FOUND                            ? ENOENT
                                                                                : EIO;
    throw FileError(path_, doing, code);
  }
  static OVERLAPPED at(int64_t position) {
    OVERLAPPED place{};
    place.Offset = static_cast<DWORD>(position);
    place.OffsetHigh = static_cast<DWORD>(position >> 32);
    return place;
  }
  int64_t readSome(char* target, int64_t size, int64_t position) const {
    OVERLAPPED place = at(position);
    DWORD done = 0;
    if (ReadFile(handle_, target, static_cast<DWORD>(std::min<int64_t>(size, 1 << 30)), &done, &place)) return done;
    return GetLastError() == ERROR_HANDLE_EOF ? 0 : -1;
  }
  int64_t writeSome(const char* source, int64_t size, int64_t position) const {
    OVERLAPPED place = at(position);
    DWORD done = 0;
    return WriteFile(handle_, source, static_cast<DWORD>(std::min<int64_t>(size, 1 << 30)), &done, &place) ? done : -1;
  }
#else
  int descriptor_;

  [[noreturn]] void fail(const char* doing) const { throw FileError(path_, doing, errno); }
  int64_t readSome(char* target, int64_t size, int64_t position) const {
    for (;;) {
      const ssize_t done = ::pread(descriptor_, target, static_cast<size_t>(size), position);
      if (done >= 0 || errno != EINTR) return done;
    }
  }
  int64_t writeSome(const char* source, int64_t size, int64_t position) const {
    for (;;) {
      const ssize_t done = ::pwrite(descriptor_, source, static_cast<size_t>(size), position);
      if (done >= 0 || errno != EINTR) return done;
    }
  }
#endif
};

/** What an input does for a window. */
struct Join {
  int window;
  MergeStep step;
  float keep, share;
  /** The sum that it joins; free again after the window's last member. */
  int sum;
  /** 0 where more members come; else what the sum is divided by. */
  float divisor;
};

/** The joins of every input, in order, and how many sums are open at once. */
std::vector<std::vector<Join>> joinsOf(const std::vector<MergeWindow>& windows, size_t inputs, int& sums) {
  std::vector<std::vector<Join>> joins(inputs);
  std::vector<int> taken(windows.size(), -1), free;
  sums = 0;
  for (size_t input = 0; input < inputs; input++) {
    for (size_t w = 0; w < windows.size(); w++) {
      const auto& [kind, members, factors] = windows[w];
      const auto found = std::find(members.begin(), members.end(), static_cast<int>(input));
      if (found == members.end()) continue;
      const auto place = static_cast<size_t>(found - members.begin());
      if (place == 0) {
        if (free.empty()) free.push_back(sums++);
        taken[w] = free.back();
        free.pop_back();
      }
      Join join{static_cast<int>(w), mergeTake, 1, 1, taken[w], 0};
      if (kind == MergeWindow::shares) {
        join.step = place == 0 ? mergeTakeShare : mergeAddShare;
        join.share = factors[place];
      } else if (place > 0) {
        join.step = kind == MergeWindow::ema ? mergeKeepShare : mergeAdd;
        if (kind == MergeWindow::ema) join.keep = factors[0], join.share = factors[1];
      }
      if (place + 1 == members.size()) {
        join.divisor = kind == MergeWindow::uniform ? static_cast<float>(members.size()) : 1;
        free.push_back(taken[w]);
      }
      joins[input].push_back(join);
    }
  }
  return joins;
}

}  // namespace

FileError::FileError(const std::string& file, const char* doing, int error)
    : std::runtime_error(file + " could not be " + doing + (error ? std::string(": ") + std::strerror(error) : ": it ends too early")),
      path(file),
      code(error) {}

struct FileMerge::State {
  std::vector<std::unique_ptr<File>> files;
  Pool pool;
  MergeKernels kernels;
  /** One a thread. */
  std::vector<std::unique_ptr<Buffer>> scratch;

  State(int threads, const Family& family) : pool(threads), kernels(family.merge), scratch(threads) {}
  char* memory(int thread, int64_t bytes) {
    auto& own = scratch[thread];
    if (!own || own->bytes() < static_cast<size_t>(bytes)) own = std::make_unique<Buffer>(static_cast<size_t>(bytes));
    return own->data<char>();
  }
};

FileMerge::FileMerge(const std::vector<std::string>& files, int written, int threads, const Family& family)
    : state_(std::make_unique<State>(threads, family)) {
  for (size_t i = 0; i < files.size(); i++)
    state_->files.push_back(std::make_unique<File>(files[i], static_cast<int>(i) < written));
}
FileMerge::~FileMerge() = default;

int FileMerge::files() const { return static_cast<int>(state_->files.size()); }

MergeOutcome FileMerge::run(const std::vector<MergeWindow>& windows, const std::vector<MergePart>& parts) {
  MergeOutcome outcome;
  outcome.checks.assign(2 * windows.size() * parts.size(), 0);
  if (parts.empty()) return outcome;
  int sums = 0;
  const auto joins = joinsOf(windows, parts[0].inputs.size(), sums);
  // A multiple of 16 elements, so that a chunk of halves is whole words.
  const int64_t chunk = std::clamp(workingBytes / (4 * (int64_t{sums} + 2)) / 16 * 16, leastChunk, mostChunk);
  // Stored numbers of up to 8 bytes, a result of up to 4, and the sums.
  const int64_t bytes = chunk * (8 + 4 + 4 * int64_t{sums});

  std::vector<int64_t> first;
  int64_t tasks = 0;
  for (const auto& part : parts) {
    first.push_back(tasks);
    tasks += (part.elements + chunk - 1) / chunk;
    for (const auto& [file, position] : part.inputs)
      state_->files[file]->announce(position, part.elements * sizeOf(part.from));
  }
  if (tasks > std::numeric_limits<int>::max() / 2) throw std::runtime_error("too much for one call of a merge");

  std::mutex mutex;
  std::atomic<bool> stop{false};
  const auto work = [&](int task, int thread) {
    if (stop.load(std::memory_order_relaxed)) return;
    const auto p = static_cast<size_t>(std::upper_bound(first.begin(), first.end(), int64_t{task}) - first.begin() - 1);
    const MergePart& part = parts[p];
    const int64_t from = (task - first[p]) * chunk, n = std::min(chunk, part.elements - from);
    const int64_t size = sizeOf(part.from), outSize = sizeOf(part.to);
    char* const memory = state_->memory(thread, bytes);
    char* const source = memory;
    char* const target = memory + chunk * 8;
    auto* const sum = reinterpret_cast<float*>(memory + chunk * 12);
    for (size_t input = 0; input < joins.size(); input++) {
      if (joins[input].empty()) continue;
      const auto& in = part.inputs[input];
      state_->files[in.file]->read(source, n * size, in.position + from * size);
      for (const Join& join : joins[input]) {
        float* const own = sum + join.sum * chunk;
        state_->kernels.member(own, source, part.from, join.step, join.keep, join.share, n);
        if (join.divisor == 0) continue;
        const uint32_t largest = state_->kernels.result(target, own, part.to, join.divisor, n);
        const uint32_t limit = part.to == mergeF16 ? 0x477ff000u : part.to == mergeBf16 ? 0x7f7f8000u : 0x7f800000u;
        if (largest >= limit) {
          stop = true;
          const std::lock_guard lock(mutex);
          if (outcome.part < 0 || task < first[outcome.part] + outcome.element / chunk) {
            outcome.part = static_cast<int64_t>(p);
            outcome.window = join.window;
            outcome.element = from;
          }
          return;
        }
        const auto& out = part.outputs[join.window];
        state_->files[out.file]->write(target, n * outSize, out.position + from * outSize);
        // A last word that is half full ends in zeros.
        const int64_t words = (n * outSize + 3) / 4;
        std::memset(target + n * outSize, 0, static_cast<size_t>(words * 4 - n * outSize));
        uint32_t check[2];
        state_->kernels.check(target, words, static_cast<uint32_t>(part.firstWord + from * outSize / 4), check);
        const std::lock_guard lock(mutex);
        for (int i = 0; i < 2; i++) outcome.checks[2 * (p * windows.size() + join.window) + i] += check[i];
      }
    }
  };
  state_->pool.each(static_cast<int>(tasks), work);
  return outcome;
}

}  // namespace meander
