// Matrix products on AMX's tiles, or on their twin: 32 × 32 of C at a time in four tiles, beside two of A and two of B.
#include "kernels/gemm.h"

#include "kernels/ops.h"
#include "kernels/pack-tiles.h"

namespace meander::MEANDER_FAMILY {

namespace {

/** Below this many floating-point operations a task is not worth handing out, … */
constexpr double taskFlops = 32e6;
/** … unless it reads this many words of B. */
constexpr double taskWords = 65536;
constexpr int64_t maximumTasks = 48;

/**
 * The epilogue of the block before, worked off a few rows at each step of the next one's products: vectors and tiles
 * are different parts of the processor.
 */
class Late {
 public:
  Late(float* c, int64_t ldc, const Epilogue& epilogue) : c_(c), ldc_(ldc), epilogue_(epilogue) {}
  /** Where the next block's sums go. */
  float* free() { return sums_[which_]; }
  /** Takes the block that was written to `free()`: `offset` is its place in C, `column` that of its first column. */
  void take(int64_t rows, int64_t columns, int64_t offset, int64_t column, bool complete) {
    rest();
    rows_ = rows, columns_ = columns, offset_ = offset, column_ = column, complete_ = complete;
    row_ = 0;
    which_ ^= 1;
  }
  MEANDER_INLINE void some() {
    if (row_ < rows_) line(row_++);
    if (row_ < rows_) line(row_++);
  }
  void rest() {
    while (row_ < rows_) line(row_++);
  }

 private:
  MEANDER_INLINE void line(int64_t r) {
    const float* const sums = sums_[which_ ^ 1] + r * pairLines;
    const int64_t at = offset_ + r * ldc_;
    for (int64_t j = 0; j < columns_; j += W) {
      const int n = static_cast<int>(least<int64_t>(W, columns_ - j));
      V x = load(sums + j, n);
      if (complete_) {
        if (epilogue_.bias) x = x + load(epilogue_.bias + column_ + j, n);
        if (epilogue_.pre) store(epilogue_.pre + at + j, x, n);
        if (epilogue_.activation) x = activate(x, epilogue_.activation);
        if (epilogue_.gate) x = x * slope(load(epilogue_.gate + at + j, n), epilogue_.gateActivation);
      }
      store(c_ + at + j, x, n);
    }
  }

  alignas(64) float sums_[2][pairLines * pairLines];
  float* const c_;
  const int64_t ldc_;
  const Epilogue& epilogue_;
  int64_t rows_ = 0, columns_ = 0, offset_ = 0, column_ = 0, row_ = 0;
  bool complete_ = false;
  int which_ = 0;
};

/** out (+)= A · B over `steps` pairs of blocks, of which the first `rowTiles` and `columnTiles` count. */
template <int rowTiles, int columnTiles>
void product(int64_t steps, const float* a, const float* b, float* out, int64_t stride, bool accumulate, Late& late) {
  constexpr bool tall = rowTiles > 1, wide = columnTiles > 1;
  if (accumulate) {
    loadTile<0>(out, stride);
    if (wide) loadTile<1>(out + tileSize, stride);
    if (tall) loadTile<2>(out + tileSize * stride, stride);
    if (tall && wide) loadTile<3>(out + tileSize * stride + tileSize, stride);
  } else {
    zeroTile<0>();
    if (wide) zeroTile<1>();
    if (tall) zeroTile<2>();
    if (tall && wide) zeroTile<3>();
  }
  for (int64_t i = 0; i < steps; i++, a += pairWords, b += pairWords) {
    loadTile<6>(b, tileSize);
    streamTile<4>(a, tileSize);
    multiplyTiles<0, 4, 6>();
    if (tall) {
      streamTile<5>(a + tileWords, tileSize);
      multiplyTiles<2, 5, 6>();
    }
    if (wide) {
      loadTile<7>(b + tileWords, tileSize);
      multiplyTiles<1, 4, 7>();
      if (tall) multiplyTiles<3, 5, 7>();
    }
    late.some();
  }
  storeTile<0>(out, stride);
  if (wide) storeTile<1>(out + tileSize, stride);
  if (tall) storeTile<2>(out + tileSize * stride, stride);
  if (tall && wide) storeTile<3>(out + tileSize * stride + tileSize, stride);
}

void productOf(int64_t rows, int64_t columns, int64_t steps, const float* a, const float* b, float* out, int64_t stride,
               bool accumulate, Late& late) {
  if (rows > tileSize) {
    if (columns > tileSize) return product<2, 2>(steps, a, b, out, stride, accumulate, late);
    return product<2, 1>(steps, a, b, out, stride, accumulate, late);
  }
  if (columns > tileSize) return product<1, 2>(steps, a, b, out, stride, accumulate, late);
  product<1, 1>(steps, a, b, out, stride, accumulate, late);
}

/** The block of C as it stands, zeros around it, as what its sums start from. */
void fetch(const float* c, int64_t ldc, int64_t rows, int64_t columns, float* sums) {
  std::memset(sums, 0, pairLines * pairLines * sizeof(float));
  for (int64_t r = 0; r < rows; r++) std::memcpy(sums + r * pairLines, c + r * ldc, columns * sizeof(float));
}

}  // namespace

/**
 * Sums run over k from end to end in the tiles, beginning with what C holds where it is added to; where they are cut
 * they wait in C. So block sizes change no bits.
 */
void gemm(Context& context, int64_t M, int64_t N, int64_t K, Matrix a, Matrix b, float* c, int64_t ldc,
          const GemmOptions& options) {
  if (M == 0 || N == 0) return;
  const Epilogue& epilogue = options.epilogue;
  const bool plainEpilogue = !epilogue.bias && !epilogue.pre && !epilogue.activation && !epilogue.gate;
  // Along k everything counts steps, along rows and columns pairs of blocks.
  const int64_t steps = blocksOf(K, stepValues), allPanels = blocksOf(N, pairLines), allStrips = blocksOf(M, pairLines);
  const auto [depth, taskRows, packed] = context.tileBlocks;
  const int64_t held = packed / pairWords;

  bool stale = true;
  float* const kept =
      options.parameter
          ? context.kept(b.data, b.columnStride == 1 ? 0 : 1, K, N, allPanels * steps * pairWords, stale)
          : nullptr;
  const int64_t kSuper = least(steps, 6 * depth);
  const int64_t nSuper = kept ? allPanels : least(allPanels, most<int64_t>(held / kSuper, 1));
  const int64_t mSuper = least(allStrips, most<int64_t>(held / kSuper, 1));

  if (kept && stale)
    context.pool.each(static_cast<int>(allPanels), [&](int p, int) {
      const int64_t column = p * pairLines;
      packColumnPair(b, 0, K, column, least(pairLines, N - column), kept + p * steps * pairWords, nullptr, false);
    });

  for (int64_t n0 = 0; n0 < allPanels; n0 += nSuper) {
    const int64_t panels = least(nSuper, allPanels - n0);
    for (int64_t k0 = 0; k0 < steps; k0 += kSuper) {
      const int64_t ks = least(kSuper, steps - k0), first = k0 * stepValues, values = least(ks * stepValues, K - first);
      float* const bPacked = kept ? nullptr : context.scratch(packedB, panels * ks * pairWords);
      for (int64_t m0 = 0; m0 < allStrips; m0 += mSuper) {
        const int64_t strips = least(mSuper, allStrips - m0);
        float* const aPacked = context.scratch(packedA, strips * ks * pairWords);
        const int64_t bJobs = kept || m0 > 0 ? 0 : panels;
        const auto pack = [&](int job, int) {
          if (job < bJobs) {
            const int64_t column = (n0 + job) * pairLines;
            packColumnPair(b, first, values, column, least(pairLines, N - column), bPacked + job * ks * pairWords,
                           options.columnSums, options.addSums || k0 > 0);
            return;
          }
          const int64_t strip = job - bJobs, row = (m0 + strip) * pairLines;
          packRowPair(a, row, least(pairLines, M - row), first, values, aPacked + strip * ks * pairWords);
        };
        const auto jobs = static_cast<int>(bJobs + strips);
        if (jobs * ks * pairWords <= 8192) {
          for (int job = 0; job < jobs; job++) pack(job, 0);
        } else {
          context.pool.each(jobs, pack);
        }

        // A task passes the rows that stay in the second level over its panels of B.
        const double flops = 2.0 * strips * panels * pairLines * pairLines * ks * stepValues;
        const double wanted = most(flops / taskFlops, kept ? static_cast<double>(panels) * ks * pairWords / taskWords : 0.0);
        const int64_t target = wanted < 1 ? 1 : wanted > maximumTasks ? maximumTasks : static_cast<int64_t>(wanted);
        int64_t stripsPerTask = least(strips, most<int64_t>(taskRows / pairLines, 1)), panelsPerTask = panels;
        const auto tasks = [&] { return blocksOf(strips, stripsPerTask) * blocksOf(panels, panelsPerTask); };
        while (tasks() < target && panelsPerTask > 2) panelsPerTask = (panelsPerTask + 1) / 2;
        while (tasks() < target && stripsPerTask > 2) stripsPerTask = (stripsPerTask + 1) / 2;
        const int64_t across = blocksOf(panels, panelsPerTask), down = blocksOf(strips, stripsPerTask);
        const auto compute = [&](int task, int) {
          const int64_t mFrom = task / across * stripsPerTask, mTo = least(mFrom + stripsPerTask, strips);
          const int64_t pFrom = task % across * panelsPerTask, pTo = least(pFrom + panelsPerTask, panels);
          configureTiles();
          Late late(c, ldc, epilogue);
          for (int64_t kb = 0; kb < ks; kb += depth) {
            const int64_t k = least(depth, ks - kb);
            const bool accumulate = options.accumulate || k0 + kb > 0;
            const bool complete = k0 + kb + k == steps;
            for (int64_t p = pFrom; p < pTo; p++) {
              const int64_t column = (n0 + p) * pairLines, columns = least(pairLines, N - column);
              const float* const panel = kept ? kept + ((n0 + p) * steps + k0 + kb) * pairWords : bPacked + (p * ks + kb) * pairWords;
              for (int64_t m = mFrom; m < mTo; m++) {
                const int64_t row = (m0 + m) * pairLines, rows = least(pairLines, M - row);
                const int64_t offset = row * ldc + column;
                const float* const strip = aPacked + (m * ks + kb) * pairWords;
                const bool whole = rows % tileSize == 0 && columns % tileSize == 0;
                if (whole && (plainEpilogue || !complete)) {
                  productOf(rows, columns, k, strip, panel, c + offset, ldc, accumulate, late);
                  continue;
                }
                if (accumulate) fetch(c + offset, ldc, rows, columns, late.free());
                productOf(rows, columns, k, strip, panel, late.free(), pairLines, accumulate, late);
                late.take(rows, columns, offset, column, complete);
              }
            }
            late.rest();
          }
          releaseTiles();
        };
        context.pool.each(static_cast<int>(down * across), compute);
      }
    }
  }
}

double peak(int64_t rounds, float* sink) {
#if !defined(MEANDER_AMX)
  rounds = rounds / 256 + 1;
#endif
  // Words that differ and bits that toggle: a processor runs zeros faster.
  alignas(64) float words[4][tileWords], sums[tileWords];
  for (int64_t t = 0; t < 4; t++)
    for (int64_t i = 0; i < tileWords; i += W) {
      const V x = ramp() * set(0.037f) - set(0.11f * static_cast<float>(t) + 0.003f * static_cast<float>(i / W));
      storePairs(words[t] + i, pairUp(x, set(0.2f) - x));
    }
  configureTiles();
  zeroTile<0>(), zeroTile<1>(), zeroTile<2>(), zeroTile<3>();
  loadTile<4>(words[0], tileSize), loadTile<5>(words[1], tileSize);
  loadTile<6>(words[2], tileSize), loadTile<7>(words[3], tileSize);
  for (int64_t r = 0; r < rounds; r++) {
    multiplyTiles<0, 4, 6>();
    multiplyTiles<2, 5, 6>();
    multiplyTiles<1, 4, 7>();
    multiplyTiles<3, 5, 7>();
  }
  storeTile<0>(sums, tileSize);
  releaseTiles();
  *sink = sums[0];
  return 4.0 * 2 * tileSize * tileSize * stepValues * static_cast<double>(rounds);
}

}  // namespace meander::MEANDER_FAMILY
