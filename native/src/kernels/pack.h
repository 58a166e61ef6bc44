// Operands of a matrix product brought into the order in which tiles read them: words along k (see kernels/tile.h), and
// for each of them a line of B's columns or A's rows.
#pragma once
#include "kernels/gemm.h"

namespace meander::MEANDER_FAMILY {

/** Column sums over k that a panel of B takes along as it is packed: over chunks, which keeps float32 honest. */
class ColumnSums {
 public:
  static constexpr int64_t chunk = 128;
  ColumnSums() {
    for (int v = 0; v < tileVectors; v++) total_[v] = part_[v] = zero();
  }
  MEANDER_INLINE void add(int v, V x) { part_[v] = part_[v] + x; }
  void endChunk() {
    for (int v = 0; v < tileVectors; v++) {
      total_[v] = total_[v] + part_[v];
      part_[v] = zero();
    }
  }
  void write(float* sums, int64_t lines, bool adding) const {
    for (int v = 0; v * W < lines; v++) {
      const int n = static_cast<int>(least<int64_t>(W, lines - v * W));
      store(sums + v * W, adding ? load(sums + v * W, n) + total_[v] : total_[v], n);
    }
  }

 private:
  V total_[tileVectors], part_[tileVectors];
};

/** dst[word][width] from `lines` lines of `count` words that lie `stride` apart; zeros past them. */
inline void interleave(const float* src, int64_t stride, int64_t lines, int64_t count, float* dst, int64_t width) {
  int64_t line = 0;
  for (; line + 4 <= lines; line += 4) {
    const float* s = src + line * stride;
    float* d = dst + line;
    int64_t i = 0;
    for (; i + 4 <= count; i += 4) transpose4(s + i, stride, d + i * width, width);
    for (; i < count; i++) {
      for (int64_t l = 0; l < 4; l++) std::memcpy(d + i * width + l, s + l * stride + i, sizeof(float));
    }
  }
  for (; line < width; line++)
    for (int64_t i = 0; i < count; i++) {
      if (line < lines) {
        std::memcpy(dst + i * width + line, src + line * stride + i, sizeof(float));
      } else {
        dst[i * width + line] = 0.0f;
      }
    }
}

#if defined(MEANDER_BF16)

/** Words of `count` values that lie beside each other; a last one without a neighbour has zero for it. */
MEANDER_INLINE void pairNeighbours(const float* src, int64_t count, float* dst) {
  int64_t i = 0;
  for (; i + 2 * W <= count; i += 2 * W, dst += W) storePairs(dst, neighbours(load(src + i), load(src + i + W)));
  if (i == count) return;
  const int64_t left = count - i;
  alignas(64) float words[W];
  storePairs(words, neighbours(load(src + i, static_cast<int>(least<int64_t>(W, left))),
                               load(src + i + W, static_cast<int>(most<int64_t>(left - W, 0)))));
  std::memcpy(dst, words, blocksOf(left, 2) * sizeof(float));
}

/** Lines whose values along k lie beside each other: pairs first, through a piece that stays in cache. */
inline void packAlong(const float* src, int64_t stride, int64_t lines, int64_t k0, int64_t k, float* dst, int64_t width) {
  constexpr int64_t piece = 64;
  alignas(64) float pairs[4 * W * piece];
  for (int64_t from = 0; from < k; from += 2 * piece) {
    const int64_t n = least(2 * piece, k - from);
    for (int64_t l = 0; l < lines; l++) pairNeighbours(src + l * stride + k0 + from, n, pairs + l * piece);
    interleave(pairs, piece, lines, blocksOf(n, 2), dst + from / 2 * width, width);
  }
}

/** Panel of B: values k0 … k0+k, `lines` columns from `column`, as [word][width]. */
inline void packPanel(Matrix b, int64_t k0, int64_t k, int64_t column, int64_t lines, float* dst, int64_t width,
                      float* columnSums, bool addSums) {
  if (b.columnStride != 1) return packAlong(b.data + column * b.columnStride, b.columnStride, lines, k0, k, dst, width);
  const float* src = b.data + k0 * b.rowStride + column;
  const int vectors = static_cast<int>(width / W);
  ColumnSums sums;
  for (int64_t i = 0; i < k; i += 2, src += 2 * b.rowStride, dst += width) {
    const float* const second = i + 1 < k ? src + b.rowStride : nullptr;
    for (int v = 0; v < vectors; v++) {
      const int n = static_cast<int>(least<int64_t>(W, lines - v * W));
      const V x = n == W ? load(src + v * W) : load(src + v * W, n);
      const V y = !second ? zero() : n == W ? load(second + v * W) : load(second + v * W, n);
      storePairs(dst + v * W, pairUp(x, y));
      if (columnSums) sums.add(v, x + y);
    }
    if (columnSums && (i + 2) % ColumnSums::chunk == 0) sums.endChunk();
  }
  sums.endChunk();
  if (columnSums) sums.write(columnSums + column, lines, addSums);
}

/** Strips of A from `row` on, `lines` rows in all, values k0 … k0+k, each strip as [word][tileRows]. */
inline void packStrips(Matrix a, int64_t row, int64_t lines, int64_t k0, int64_t k, float* dst) {
  const int64_t words = blocksOf(k, 2), each = words * tileRows;
  if (a.columnStride == 1) {
    for (int64_t r = 0; r < lines; r += tileRows, dst += each)
      packAlong(a.data + (row + r) * a.rowStride, a.rowStride, least<int64_t>(tileRows, lines - r), k0, k, dst, tileRows);
    return;
  }
  static_assert(W % tileRows == 0);
  const float* src = a.data + k0 * a.columnStride + row;
  for (int64_t w = 0; w < words; w++, src += 2 * a.columnStride)
    for (int64_t r = 0; r < lines; r += W) {
      const int n = static_cast<int>(least<int64_t>(W, lines - r));
      alignas(64) float pairs[W];
      storePairs(pairs, pairUp(load(src + r, n), 2 * w + 1 < k ? load(src + a.columnStride + r, n) : zero()));
      for (int64_t s = 0; s < n; s += tileRows)
        std::memcpy(dst + (r + s) * words + w * tileRows, pairs + s, tileRows * sizeof(float));
    }
}

#else

inline void packPanel(Matrix b, int64_t k0, int64_t k, int64_t column, int64_t lines, float* dst, int64_t width,
                      float* columnSums, bool addSums) {
  if (b.columnStride != 1)
    return interleave(b.data + column * b.columnStride + k0, b.columnStride, lines, k, dst, width);
  const float* src = b.data + k0 * b.rowStride + column;
  const int vectors = static_cast<int>(width / W);
  const int last = static_cast<int>(lines - (vectors - 1) * W);
  if (!columnSums) {
    for (int64_t i = 0; i < k; i++, src += b.rowStride, dst += width) {
      for (int v = 0; v + 1 < vectors; v++) store(dst + v * W, load(src + v * W));
      store(dst + (vectors - 1) * W, load(src + (vectors - 1) * W, last));
    }
    return;
  }
  ColumnSums sums;
  for (int64_t from = 0; from < k; from += ColumnSums::chunk) {
    const int64_t to = least(k, from + ColumnSums::chunk);
    for (int64_t i = from; i < to; i++, src += b.rowStride, dst += width) {
      for (int v = 0; v < vectors; v++) {
        const V x = v + 1 < vectors ? load(src + v * W) : load(src + v * W, last);
        store(dst + v * W, x);
        sums.add(v, x);
      }
    }
    sums.endChunk();
  }
  sums.write(columnSums + column, lines, addSums);
}

/** A's rows are contiguous in memory along m. */
inline void packStrips(Matrix a, int64_t row, int64_t lines, int64_t k0, int64_t k, float* dst) {
  for (int64_t first = 0; first < lines; first += tileRows) {
    const float* src = a.data + k0 * a.columnStride + row + first;
    const int64_t n = least<int64_t>(tileRows, lines - first);
    for (int64_t i = 0; i < k; i++, src += a.columnStride, dst += tileRows) {
      if (n == tileRows) {
        std::memcpy(dst, src, tileRows * sizeof(float));
      } else {
        for (int64_t r = 0; r < tileRows; r++) dst[r] = r < n ? src[r] : 0.0f;
      }
    }
  }
}

#endif

}  // namespace meander::MEANDER_FAMILY
