// Cache sizes, and the block sizes of matrix products that follow from them.
#pragma once
#include <cstdint>

namespace meander {

/** Bytes; what a common core has where the system does not say. */
struct Caches {
  /** Of a core. */
  int64_t second = int64_t{1} << 20;
  /** The largest, which cores share; the second where there is none behind it. */
  int64_t last = int64_t{32} << 20;
  /** Of a core's first level, for data. */
  int64_t first = int64_t{32} << 10;

  /** This processor's. */
  static Caches here();
};

/** In words of 32 bits (kernels/gemm.h), except rows. */
struct Blocks {
  explicit Blocks(const Caches& caches);

  /** Rows of C in one task; a multiple of every family's tileRows. */
  static constexpr int64_t taskRows = 96;
  /** Where a sum over k is cut: the only one of these that can change bits, and so part of the numerics. */
  int64_t depth;
  /** Words along k that a task passes over before the next: a multiple of depth. */
  int64_t reach;
  /** Words of packed operands held at once, inside half of the last cache. */
  int64_t packed;
};

/** For products on tiles (kernels/gemm-tiles.cpp), whose sums no cut changes: part of no numerics. */
struct TileBlocks {
  explicit TileBlocks(const Caches& caches);

  /** Steps of 32 values along k before a sum waits in C: a pair of B's blocks, 2 KB a step, stays in the first level. */
  int64_t steps;
  /** Rows of A that stay in the second level, over as many steps. */
  int64_t rows;
  /** Words of packed operands held at once, inside half of the last cache. */
  int64_t packed;
};

}  // namespace meander
