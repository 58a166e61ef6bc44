// A program as the addon receives it: a flat list of numbers, written once by src/engine/backends/native/lower.ts.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "context.h"

namespace meander {

/** Slots of a run: the arena that all programs share, this program's results, then its bindings in order. */
constexpr int64_t arenaSlot = 0, resultSlot = 1, firstBinding = 2;

struct Operand {
  /** Negative where an optional tensor is absent. */
  int64_t slot;
  int64_t offset;
};

struct Operation {
  int code;
  std::vector<Operand> tensors;
  std::vector<int64_t> sizes;
  std::vector<double> numbers;
};

class Program {
 public:
  /**
   * Numbers per operation: code, count and (slot, element offset) of its tensors, count and values of its sizes,
   * count and values of its real numbers. Throws std::runtime_error on anything else.
   */
  Program(const double* numbers, size_t count);

  int64_t slots() const { return slots_; }
  /** Runs every operation in order; `bases` holds one address per slot. Stops at the first error. */
  void run(const Family& family, Context& context, float* const* bases) const;

 private:
  std::vector<Operation> operations_;
  int64_t slots_ = firstBinding;
};

}  // namespace meander
