// The only places where AMX's tiles are touched: configure, zero, load, store, multiply, release. Each has a twin in
// plain C++ of the same meaning, so that everything around them is tested on processors that have no tiles.
#pragma once
#include "kernels/simd.h"

namespace meander::MEANDER_FAMILY {

/** Rows of a tile, and 32-bit words in a row: it is 16 rows of 64 bytes. */
constexpr int64_t tileSize = 16;
constexpr int64_t tileWords = tileSize * tileSize;

#if defined(MEANDER_AMX)

/** All eight tiles of this thread at full size. */
MEANDER_INLINE void configureTiles() {
  struct alignas(64) {
    uint8_t palette = 1, start = 0, reserved[14] = {};
    uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } layout;
  asm volatile("ldtilecfg %0" ::"m"(layout) : "memory");
}
/** Lets the system forget this thread's tiles, which makes its task switches cheap again. */
MEANDER_INLINE void releaseTiles() { asm volatile("tilerelease" ::: "memory"); }
template <int t>
MEANDER_INLINE void zeroTile() {
  asm volatile("tilezero %%tmm%c0" ::"i"(t));
}
/** Row r from base + r · stride words. */
template <int t>
MEANDER_INLINE void loadTile(const float* base, int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(base), "r"(stride * 4), "i"(t) : "memory");
}
/** The same for what is not read again soon: it leaves the first level of cache to others. */
template <int t>
MEANDER_INLINE void streamTile(const float* base, int64_t stride) {
  asm volatile("tileloaddt1 (%0,%1,1), %%tmm%c2" ::"r"(base), "r"(stride * 4), "i"(t) : "memory");
}
template <int t>
MEANDER_INLINE void storeTile(float* base, int64_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(base), "r"(stride * 4), "i"(t) : "memory");
}
/** c[m][n] += Σ over words k of a[m][k].first · b[k][n].first, and of the seconds, in float32. */
template <int c, int a, int b>
MEANDER_INLINE void multiplyTiles() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(c), "i"(a), "i"(b));
}

#else

/** This thread's eight tiles; what they hold before they are configured and after they are released is an error. */
struct Tiles {
  float words[8][tileSize][tileSize];
  bool configured = false;
};
inline Tiles& tiles() {
  thread_local Tiles mine;
  return mine;
}

MEANDER_INLINE void configureTiles() {
  tiles() = {};
  tiles().configured = true;
}
/** Leaves words that no sum survives, so that a use past the release is seen. */
MEANDER_INLINE void releaseTiles() {
  std::memset(tiles().words, 0xff, sizeof tiles().words);
  tiles().configured = false;
}
template <int t>
MEANDER_INLINE void zeroTile() {
  std::memset(tiles().words[t], 0, sizeof tiles().words[t]);
}
template <int t>
MEANDER_INLINE void loadTile(const float* base, int64_t stride) {
  for (int64_t r = 0; r < tileSize; r++) std::memcpy(tiles().words[t][r], base + r * stride, 64);
}
template <int t>
MEANDER_INLINE void streamTile(const float* base, int64_t stride) {
  loadTile<t>(base, stride);
}
template <int t>
MEANDER_INLINE void storeTile(float* base, int64_t stride) {
  for (int64_t r = 0; r < tileSize; r++) std::memcpy(base + r * stride, tiles().words[t][r], 64);
}
/**
 * As the processor does it: firsts and seconds summed apart, word after word, then their sum is added. A product of two
 * bfloat16 is exact in float32, so a fused multiply-add rounds no differently. Values below 2^−126, which the
 * processor counts as zero, are kept.
 */
template <int c, int a, int b>
MEANDER_INLINE void multiplyTiles() {
  Tiles& t = tiles();
  const auto half = [](float word, int shift, uint32_t mask) {
    uint32_t bits;
    std::memcpy(&bits, &word, sizeof bits);
    bits = bits << shift & mask;
    std::memcpy(&word, &bits, sizeof bits);
    return word;
  };
  const auto first = [&](float word) { return half(word, 16, 0xffff0000u); };
  const auto second = [&](float word) { return half(word, 0, 0xffff0000u); };
  for (int m = 0; m < tileSize; m++) {
    float firsts[tileSize] = {}, seconds[tileSize] = {};
    for (int k = 0; k < tileSize; k++) {
      const float x = first(t.words[a][m][k]), y = second(t.words[a][m][k]);
      for (int n = 0; n < tileSize; n++) {
        firsts[n] += x * first(t.words[b][k][n]);
        seconds[n] += y * second(t.words[b][k][n]);
      }
    }
    for (int n = 0; n < tileSize; n++)
      if (t.configured) t.words[c][m][n] += firsts[n] + seconds[n];
  }
}

#endif

}  // namespace meander::MEANDER_FAMILY
