// Products of small blocks that are already in cache, for attention, on words along k (kernels/tile.h): nothing is
// packed here.
#pragma once
#include "kernels/math.h"
#include "kernels/tile.h"

namespace meander::MEANDER_FAMILY {

#if defined(MEANDER_PORTABLE)
constexpr int blockVectors = 1;
#elif defined(MEANDER_AVX2)
constexpr int blockVectors = 2;
#else
constexpr int blockVectors = 4;
#endif

/** Rows of a tile that is NV vectors wide: as many as the registers hold sums for, and enough to hide an fma's latency. */
template <int NV>
constexpr int blockRows = blockVectors >= 4 && NV <= 2 ? 8 : 4;

template <int R, int NV>
MEANDER_INLINE void blockTile(int64_t K, const float* a, int64_t aRow, int64_t aColumn, const float* b, int64_t bRow,
                              float* c, int64_t cRow, bool accumulate) {
  V sums[R][NV];
  MEANDER_UNROLL
  for (int r = 0; r < R; r++) {
    MEANDER_UNROLL
    for (int v = 0; v < NV; v++) sums[r][v] = accumulate ? load(c + r * cRow + v * W) : zero();
  }
  for (int64_t k = 0; k < K; k++) {
    Words line[NV];
    MEANDER_UNROLL
    for (int v = 0; v < NV; v++) line[v] = loadWords(b + k * bRow + v * W);
    MEANDER_UNROLL
    for (int r = 0; r < R; r++) {
      const Words x = everyWord(a + r * aRow + k * aColumn);
      MEANDER_UNROLL
      for (int v = 0; v < NV; v++) sums[r][v] = multiplyAdd(x, line[v], sums[r][v]);
    }
  }
  MEANDER_UNROLL
  for (int r = 0; r < R; r++) {
    MEANDER_UNROLL
    for (int v = 0; v < NV; v++) store(c + r * cRow + v * W, sums[r][v]);
  }
}

template <int NV>
MEANDER_INLINE void blockColumns(int64_t M, int64_t K, const float* a, int64_t aRow, int64_t aColumn, const float* b,
                                 int64_t bRow, float* c, int64_t cRow, bool accumulate) {
  constexpr int R = blockRows<NV>;
  int64_t m = 0;
  for (; m + R <= M; m += R) blockTile<R, NV>(K, a + m * aRow, aRow, aColumn, b, bRow, c + m * cRow, cRow, accumulate);
  if constexpr (R > 4) {
    for (; m + 4 <= M; m += 4)
      blockTile<4, NV>(K, a + m * aRow, aRow, aColumn, b, bRow, c + m * cRow, cRow, accumulate);
  }
  for (; m < M; m++) blockTile<1, NV>(K, a + m * aRow, aRow, aColumn, b, bRow, c + m * cRow, cRow, accumulate);
}

/** C[M,N] (+)= A[M,K] · B[K,N], K in words; N is a multiple of W, A has any strides. */
inline void multiply(int64_t M, int64_t N, int64_t K, const float* a, int64_t aRow, int64_t aColumn, const float* b,
                     int64_t bRow, float* c, int64_t cRow, bool accumulate) {
  for (int64_t n = 0; n < N;) {
    const int64_t left = (N - n) / W;
    if constexpr (blockVectors >= 4) {
      if (left >= 4) {
        blockColumns<4>(M, K, a, aRow, aColumn, b + n, bRow, c + n, cRow, accumulate);
        n += 4 * W;
        continue;
      }
    }
    if constexpr (blockVectors >= 2) {
      if (left >= 2) {
        blockColumns<2>(M, K, a, aRow, aColumn, b + n, bRow, c + n, cRow, accumulate);
        n += 2 * W;
        continue;
      }
    }
    blockColumns<1>(M, K, a, aRow, aColumn, b + n, bRow, c + n, cRow, accumulate);
    n += W;
  }
}

}  // namespace meander::MEANDER_FAMILY
