// Operands of a matrix product as tiles take them: blocks of 16 lines (rows of A, columns of B) by 16 words of two
// bfloat16 each along k, 1 KB each, so that every load has a stride of 64 bytes. Blocks lie in pairs, two groups of 16
// lines beside each other, one pair for each step along k.
#pragma once
#include "kernels/gemm.h"
#include "kernels/tiles.h"

namespace meander::MEANDER_FAMILY {

/** Lines of a pair of blocks, and the values along k of one step. */
constexpr int64_t pairLines = 2 * tileSize, stepValues = 2 * tileSize;
constexpr int64_t pairWords = 2 * tileWords;

/** Sums over k of the values of one pair of blocks' lines: over chunks first, which keeps float32 honest. */
class LineSums {
 public:
  static constexpr int64_t vectors = tileSize / W;
  /** Continues `sums` where `adding`. */
  LineSums(const float* sums, int64_t lines, bool adding) {
    for (int64_t v = 0; v < 2 * vectors; v++) {
      const auto n = static_cast<int>(most<int64_t>(0, least<int64_t>(W, lines - v * W)));
      total_[v] = adding && n > 0 ? load(sums + v * W, n) : zero();
      part_[v] = zero();
    }
  }
  MEANDER_INLINE void add(int64_t v, V x) { part_[v] = part_[v] + x; }
  void endChunk() {
    for (int64_t v = 0; v < 2 * vectors; v++) {
      total_[v] = total_[v] + part_[v];
      part_[v] = zero();
    }
  }
  void write(float* sums, int64_t lines) const {
    for (int64_t v = 0; v * W < lines; v++)
      store(sums + v * W, total_[v], static_cast<int>(least<int64_t>(W, lines - v * W)));
  }

 private:
  V total_[2 * vectors], part_[2 * vectors];
};

/** dst[line][word] from at most 16 lines whose values along k lie beside each other; zeros past lines and values. */
MEANDER_INLINE void blockByLine(const float* src, int64_t stride, int64_t lines, int64_t values, float* dst) {
  for (int64_t l = 0; l < tileSize; l++, dst += tileSize) {
    const int64_t here = l < lines ? values : 0;
    for (int64_t w = 0; w < tileSize; w += W) {
      const auto lanes = [&](int64_t from) { return static_cast<int>(most<int64_t>(0, least<int64_t>(W, here - from))); };
      const float* const from = src + (here > 0 ? l * stride + 2 * w : 0);
      const V low = lanes(2 * w) > 0 ? load(from, lanes(2 * w)) : zero();
      const V high = lanes(2 * w + W) > 0 ? load(from + W, lanes(2 * w + W)) : zero();
      storePairs(dst + w, neighbours(low, high));
    }
  }
}

/** dst[word][line] from at most 32 values along k, `stride` apart, of lines that lie beside each other. */
MEANDER_INLINE void blockByWord(const float* src, int64_t stride, int64_t lines, int64_t values, float* dst,
                                LineSums* sums, int64_t firstVector) {
  for (int64_t k = 0; k < stepValues; k += 2, dst += tileSize)
    for (int64_t v = 0; v < LineSums::vectors; v++) {
      const auto n = static_cast<int>(most<int64_t>(0, least<int64_t>(W, lines - v * W)));
      const V x = n > 0 && k < values ? load(src + k * stride + v * W, n) : zero();
      const V y = n > 0 && k + 1 < values ? load(src + (k + 1) * stride + v * W, n) : zero();
      storePairs(dst + v * W, pairUp(x, y));
      if (sums) sums->add(firstVector + v, x + y);
    }
}

/** 16 × 16 words, rows and columns exchanged. */
MEANDER_INLINE void exchange(const float* src, float* dst) {
  for (int64_t i = 0; i < tileSize; i += 4)
    for (int64_t j = 0; j < tileSize; j += 4) transpose4(src + i * tileSize + j, tileSize, dst + j * tileSize + i, tileSize);
}

/** 32 rows of A from `row`, of which `lines` exist, values k0 … k0+k: pairs of blocks [row][word]. */
inline void packRowPair(Matrix a, int64_t row, int64_t lines, int64_t k0, int64_t k, float* dst) {
  alignas(64) float turned[tileWords];
  for (int64_t from = 0; from < k; from += stepValues)
    for (int64_t half = 0; half < pairLines; half += tileSize, dst += tileWords) {
      const int64_t here = least(tileSize, lines - half), values = least(stepValues, k - from);
      if (here <= 0) {
        std::memset(dst, 0, tileWords * sizeof(float));
        continue;
      }
      const float* const src = a.data + (row + half) * a.rowStride + (k0 + from) * a.columnStride;
      if (a.columnStride == 1) {
        blockByLine(src, a.rowStride, here, values, dst);
      } else {
        blockByWord(src, a.columnStride, here, values, turned, nullptr, 0);
        exchange(turned, dst);
      }
    }
}

/** 32 columns of B from `column`, of which `lines` exist: pairs of blocks [word][column]; `sums` as GemmOptions says. */
inline void packColumnPair(Matrix b, int64_t k0, int64_t k, int64_t column, int64_t lines, float* dst, float* sums,
                           bool addSums) {
  constexpr int64_t chunk = 128;
  alignas(64) float turned[tileWords];
  LineSums lineSums(sums ? sums + column : nullptr, lines, sums && addSums);
  for (int64_t from = 0; from < k; from += stepValues) {
    for (int64_t half = 0; half < pairLines; half += tileSize, dst += tileWords) {
      const int64_t here = least(tileSize, lines - half), values = least(stepValues, k - from);
      if (here <= 0) {
        std::memset(dst, 0, tileWords * sizeof(float));
        continue;
      }
      const float* const src = b.data + (k0 + from) * b.rowStride + (column + half) * b.columnStride;
      if (b.columnStride == 1) {
        blockByWord(src, b.rowStride, here, values, dst, sums ? &lineSums : nullptr, half / W);
      } else {
        blockByLine(src, b.columnStride, here, values, turned);
        exchange(turned, dst);
      }
    }
    if ((from + stepValues) % chunk == 0) lineSums.endChunk();
  }
  lineSums.endChunk();
  if (sums) lineSums.write(sums + column, lines);
}

}  // namespace meander::MEANDER_FAMILY
