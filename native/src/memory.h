// Memory of the engine: aligned, zero when made, counted.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <tuple>

namespace meander {

/** A block of zeroed memory, aligned to at least 64 bytes, on huge pages where the system has them. */
class Buffer {
 public:
  /** Throws std::runtime_error naming the size when memory is not to be had. */
  explicit Buffer(size_t bytes);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  size_t bytes() const { return bytes_; }
  template <class T = float>
  T* data() const {
    return static_cast<T*>(data_);
  }

  /** Bytes of all live buffers in this process. */
  static size_t total();

  /** Says that the contents were written: what was kept of them is stale. On the engine's thread only. */
  void changed() { version_++; }
  /** Where in the buffer a matrix lies, how it is laid out, and its two sizes. */
  using Key = std::tuple<size_t, int, int64_t, int64_t>;
  /**
   * Memory that lives as long as this buffer, for another form of a part of it: `bytes` of it, always the same for the
   * same key. `stale` says that it must be written anew. On the engine's thread only.
   */
  void* kept(const Key& key, size_t bytes, bool& stale);

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
  size_t mapped_ = 0;
  uint64_t version_ = 1;
  struct Kept {
    uint64_t version = 0;
    std::unique_ptr<Buffer> memory;
  };
  std::map<Key, Kept> kept_;
};

using BufferPointer = std::shared_ptr<Buffer>;

/** Scratch that grows and never shrinks, so that nothing is allocated once every size has been seen. */
class Scratch {
 public:
  float* floats(size_t count);
  size_t bytes() const { return buffer_ ? buffer_->bytes() : 0; }

 private:
  std::unique_ptr<Buffer> buffer_;
};

}  // namespace meander
