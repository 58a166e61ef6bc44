// Means of finished models, from files to files: what src/engine/averaging/merge-stream.ts does in TypeScript.
#pragma once
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace meander {

enum MergeType : int { mergeF32, mergeF16, mergeBf16, mergeF64 };
/** How a member joins a sum: x; sum + x; x·share; sum + x·share; sum·keep + x·share. */
enum MergeStep : int { mergeTake, mergeAdd, mergeTakeShare, mergeAddShare, mergeKeepShare };

struct MergeKernels {
  /** n stored numbers, of any type. */
  void (*member)(float* sum, const void* source, MergeType type, MergeStep step, float keep, float share, int64_t n);
  /** sum/divisor as a type, which is not float64; returns the largest magnitude as float32 bits, before rounding. */
  uint32_t (*result)(void* target, const float* sum, MergeType type, float divisor, int64_t n);
  /** Σ w and Σ w·(2i + 1) modulo 2^32 over words w of 32 bits, the first of which has the number i = `first`. */
  void (*check)(const void* bytes, int64_t words, uint32_t first, uint32_t sums[2]);
};

struct Family;

/** What the system said about a file. */
struct FileError : std::runtime_error {
  FileError(const std::string& path, const char* doing, int code);
  std::string path;
  /** errno; 0 for a file that ends inside of what was asked for. */
  int code;
};

/** One mean: members in the order of addition, and what each is multiplied by. */
struct MergeWindow {
  enum Kind : int { uniform, shares, ema } kind;
  std::vector<int> members;
  /** One a member for `shares`; β and 1 − β for `ema`. */
  std::vector<float> factors;
};

/** The same part of one tensor in every input and every output. */
struct MergePart {
  MergeType from, to;
  int64_t elements;
  /** Number of the first 32-bit word of an output's part in its tensor. */
  int64_t firstWord;
  struct Place {
    int file;
    int64_t position;
  };
  /** One an input, then one an output. */
  std::vector<Place> inputs, outputs;
};

struct MergeOutcome {
  /** Place among the parts, among the windows, and first element of the earliest result that no dtype can hold. */
  int64_t part = -1, window = -1, element = -1;
  /** Both sums of `MergeKernels::check` over every part of every window: part by part, window by window. */
  std::vector<uint32_t> checks;
};

class FileMerge {
 public:
  /** Files are opened here, `written` first ones to write. Throws FileError. */
  FileMerge(const std::vector<std::string>& files, int written, int threads, const Family& family);
  ~FileMerge();
  FileMerge(const FileMerge&) = delete;
  FileMerge& operator=(const FileMerge&) = delete;

  int files() const;
  /** Only one caller at a time. Throws FileError. */
  MergeOutcome run(const std::vector<MergeWindow>& windows, const std::vector<MergePart>& parts);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meander
