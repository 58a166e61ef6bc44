// What a kernel receives: threads, scratch, the run's scalars and one operation's operands.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "caches.h"
#include "memory.h"
#include "merge.h"
#include "pool.h"

namespace meander {

/** Codes of the flat program; src/engine/backends/native/lower.ts writes them. */
enum OpCode : int {
  opEmbedding,
  opEmbeddingBackward,
  opLayerNorm,
  opLayerNormBackward,
  opLinear,
  opLinearBackward,
  opAttention,
  opAttentionBackward,
  opCachedAttention,
  opDropout,
  opClassifierLoss,
  opClassifierLossTrain,
  opClassifierLogits,
  opLastPosition,
  opRecordLoss,
  opAdamW,
  opRmsNorm,
  opRmsNormBackward,
  opAdd,
  opSwiglu,
  opSwigluBackward,
  opRotary,
  opRotaryBackward,
  opLinearRows,
  opLinearRowsBackward,
  opScheduleFree,
  opCount
};

/** What the time of an operation goes to: bringing operands of matrix products in order, the products, all else. */
enum Phase : int { otherwise, packing, products, phases };

/** Seconds of processor time and runs, by operation and phase, while somebody measures. */
struct Profile {
  double seconds[opCount][phases] = {};
  double runs[opCount] = {};
};

/** How an output that others may write too is written. */
enum WriteMode : int64_t { overwrite = 0, first = 1, add = 2 };

struct Scalars {
  bool accumulate = false;
  float lossScale = 1;
  uint32_t seed = 0;
  uint32_t step = 0;
  uint32_t microBatch = 0;
  int64_t position = 0;
  double learningRate = 0;
  int64_t ringSlot = 0;
};

/** Scratch of the whole engine, by purpose, so that one operation can hold several. */
enum ScratchSlot { packedA, packedB, rows, partials, threadLocal, scratchSlots };

/**
 * Everything here is defined in context.cpp: an inline function used by the kernels would be compiled once per
 * family, and the linker would keep one copy for all processors.
 */
struct Context {
  explicit Context(Pool& pool, const Caches& caches = Caches::here());
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  Pool& pool;
  const Blocks blocks;
  const TileBlocks tileBlocks;
  Scalars scalars;

  /** Scratch of at least that many floats, shared by all threads; its contents do not outlive the operation. */
  float* scratch(ScratchSlot slot, int64_t floats);
  /** Scratch of `floats` for every thread, thread t's at t · floats; ask before handing out tasks. */
  float* perThread(int64_t floats);
  /** Whether an output is added to, given its WriteMode. */
  bool adds(int64_t mode) const;

  /** The stores that the next program works on. */
  void bind(std::vector<BufferPointer> stores);
  /**
   * Memory for another form of the rows × columns matrix at `address`, kept with its store until that is changed:
   * `words` floats, to be written where `stale`. Null where no bound store holds the address.
   */
  float* kept(const float* address, int layout, int64_t rows, int64_t columns, int64_t words, bool& stale);
  /** Says that a kernel wrote the bound store that holds the address. */
  void changed(const float* address);

  /** Starts (or, with null, ends) measuring; `operation` (−1: none) and `phase` say what is done from now on. */
  void measure(Profile* profile);
  void operation(int code);
  void phase(Phase next);

  /** Records the first error of a run; `format` may use two %lld. Callable from any task. */
  void fail(const char* format, int64_t a = 0, int64_t b = 0);
  /** The first error since the last call, empty when there is none. */
  std::string takeError();
  bool failed() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/** Operands of one operation; the order of each is written at its kernel. */
struct Call {
  float* const* tensor;
  const int64_t* size;
  const double* number;
};

using Kernel = void (*)(Context&, const Call&);

/** A kernel family: one entry per operation code, and the vector operations. */
struct Family {
  const char* name;
  const char* label;
  /** Whether operands of matrix products are rounded to bfloat16. */
  bool mixed;
  Kernel kernels[opCount];
  /** target and source of n elements; which is a VectorOp. */
  void (*vector)(int which, float* target, const float* source, float scalar, int64_t n);
  bool (*allFinite)(const float* source, int64_t n);
  /** Registers-only loop of what its matrix products are made of; returns its floating-point operations. */
  double (*peak)(int64_t rounds, float* sink);
  int gemmRows, gemmColumns;
  /** Whether its products are made of arithmetic that stands in for a processor's own: for tests, never chosen. */
  bool emulated;
  MergeKernels merge;
};

enum VectorOp : int { vectorAdd, vectorDivide, vectorLerp, vectorRunning, vectorScale, vectorAddScaled, vectorOps };

enum class Precision { float32, mixed, automatic };

/** Families that this build holds and this processor can run, those of float32 first, each precision's best first. */
const Family* const* families(int& count);
/** What this processor has and cannot be used, in words; empty where there is no such thing. */
const std::string& familiesNote();
/**
 * The family named by MEANDER_KERNELS, whatever its precision; else the best of that precision. Where the processor has
 * no bfloat16 of its own, `mixed` gets float32; `automatic` gets mixed only where that is faster.
 * Throws std::runtime_error when a named family cannot run here.
 */
const Family& chooseFamily(const char* wanted, Precision precision);
/** Name of the processor, as it calls itself. */
std::string processorName();
/** Physical cores that this process may use. */
int physicalCores();

}  // namespace meander
