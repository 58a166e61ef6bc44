// Threefry-2x32, 20 rounds (Salmon et al., SC 2011), as src/engine/random.ts has it.
#pragma once
#include "kernels/ops.h"

namespace meander::MEANDER_FAMILY {

MEANDER_INLINE uint32_t rotate(uint32_t x, int n) { return x << n | x >> (32 - n); }

MEANDER_INLINE void threefry(uint32_t k0, uint32_t k1, uint32_t c0, uint32_t c1, uint32_t& outX, uint32_t& outY) {
  const uint32_t k2 = 0x1bd11bdau ^ k0 ^ k1;
  uint32_t x = c0 + k0, y = c1 + k1;
#define MEANDER_FOUR(a, b, c, d) \
  x += y, y = rotate(y, a) ^ x;  \
  x += y, y = rotate(y, b) ^ x;  \
  x += y, y = rotate(y, c) ^ x;  \
  x += y, y = rotate(y, d) ^ x;
  MEANDER_FOUR(13, 15, 26, 6) x += k1, y += k2 + 1;
  MEANDER_FOUR(17, 29, 16, 24) x += k2, y += k0 + 2;
  MEANDER_FOUR(13, 15, 26, 6) x += k0, y += k1 + 3;
  MEANDER_FOUR(17, 29, 16, 24) x += k1, y += k2 + 4;
  MEANDER_FOUR(13, 15, 26, 6) x += k2, y += k0 + 5;
#undef MEANDER_FOUR
  outX = x;
  outY = y;
}

/** A dropout site's mask: words of a stream, compared with a threshold. */
struct Mask {
  uint32_t key0 = 0, key1 = 0;
  uint32_t threshold = 0;
  float scale = 1;

  static constexpr int64_t most = 512;

  Mask(const Scalars& s, int64_t stream, double rate) {
    threefry(s.seed, static_cast<uint32_t>(stream), s.step, s.microBatch, key0, key1);
    threshold = static_cast<uint32_t>(rate * 4294967296.0);
    scale = static_cast<float>(1.0 / (1.0 - rate));
  }
  bool active() const { return threshold != 0; }

  /**
   * Words of `count` ≤ most elements from `element`; returns where the first lies. `space` needs most + 2 + W places
   * and is readable to the end of a vector that starts inside.
   */
  const uint32_t* words(uint64_t element, int64_t count, uint32_t* space) const {
    const auto first = static_cast<uint32_t>(element);
    const uint32_t block = first >> 1;
    const auto blocks = static_cast<int>(((first & 1) + count + 1) / 2);
    uint32_t x[most / 2 + 1], y[most / 2 + 1];
    for (int i = 0; i < blocks; i++) threefry(key0, key1, block + i, 0, x[i], y[i]);
    for (int i = 0; i < blocks; i++) {
      space[2 * i] = x[i];
      space[2 * i + 1] = y[i];
    }
    return space + (first & 1);
  }
};

}  // namespace meander::MEANDER_FAMILY
