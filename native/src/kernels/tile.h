// The inner loops of a matrix product, on packed operands made of 32-bit words along k: a word is one float32, or two
// bfloat16 in families of mixed precision.
#pragma once
#include "kernels/gemm.h"

namespace meander::MEANDER_FAMILY {

#if defined(MEANDER_BF16)
using Words = P;
MEANDER_INLINE Words loadWords(const float* p) { return loadPairs(p); }
MEANDER_INLINE Words everyWord(const float* p) { return setPair(p); }
MEANDER_INLINE V multiplyAdd(Words a, Words b, V sum) { return dot(sum, a, b); }
#else
using Words = V;
MEANDER_INLINE Words loadWords(const float* p) { return load(p); }
MEANDER_INLINE Words everyWord(const float* p) { return set(*p); }
MEANDER_INLINE V multiplyAdd(Words a, Words b, V sum) { return fma(a, b, sum); }
#endif

/** One tile: out[R, NV·W] (+)= A · panel over k words. A is packed in strips of tileRows, or read from its rows. */
template <int R, int NV, bool packed>
MEANDER_INLINE void tile(int64_t k, const float* strip, const float* const* rows, const float* MEANDER_RESTRICT panel,
                         float* out, int64_t stride, bool accumulate) {
  V sums[R][NV];
  MEANDER_UNROLL
  for (int r = 0; r < R; r++) {
    MEANDER_UNROLL
    for (int v = 0; v < NV; v++) sums[r][v] = accumulate ? load(out + r * stride + v * W) : zero();
  }
  const float* row[R];
  if (!packed) {
    MEANDER_UNROLL
    for (int r = 0; r < R; r++) row[r] = rows[r];
  }
  for (int64_t i = 0; i < k; i++) {
    Words b[NV];
    MEANDER_UNROLL
    for (int v = 0; v < NV; v++) b[v] = loadWords(panel + v * W);
    MEANDER_UNROLL
    for (int r = 0; r < R; r++) {
      const Words a = everyWord(packed ? strip + r : row[r] + i);
      MEANDER_UNROLL
      for (int v = 0; v < NV; v++) sums[r][v] = multiplyAdd(a, b[v], sums[r][v]);
    }
    panel += NV * W;
    if (packed) strip += tileRows;
  }
  MEANDER_UNROLL
  for (int r = 0; r < R; r++) {
    MEANDER_UNROLL
    for (int v = 0; v < NV; v++) store(out + r * stride + v * W, sums[r][v]);
  }
}

template <int R, bool packed>
void tileOf(int vectors, int64_t k, const float* strip, const float* const* rows, const float* panel, float* out,
            int64_t stride, bool accumulate) {
  if constexpr (tileVectors >= 3) {
    if (vectors == 3) return tile<R, 3, packed>(k, strip, rows, panel, out, stride, accumulate);
  }
  if constexpr (tileVectors >= 2) {
    if (vectors == 2) return tile<R, 2, packed>(k, strip, rows, panel, out, stride, accumulate);
  }
  tile<R, 1, packed>(k, strip, rows, panel, out, stride, accumulate);
}

/** The tile of a packed strip that has `lines` rows: a few rows do not pay for tileRows. */
inline void stripTile(int64_t lines, int vectors, int64_t k, const float* strip, const float* panel, float* out,
                      int64_t stride, bool accumulate) {
  if (lines == 1) return tileOf<1, true>(vectors, k, strip, nullptr, panel, out, stride, accumulate);
  if (lines <= tileRows / 2) return tileOf<tileRows / 2, true>(vectors, k, strip, nullptr, panel, out, stride, accumulate);
  tileOf<tileRows, true>(vectors, k, strip, nullptr, panel, out, stride, accumulate);
}

}  // namespace meander::MEANDER_FAMILY
