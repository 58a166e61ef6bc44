#include "kernels/gemm.h"

namespace meander::MEANDER_FAMILY {

namespace {

/** Floats of packed operands held at once: 16 MB, inside a last-level cache. */
constexpr int64_t packedLimit = int64_t{4} << 20;
/** Rows of C in one task; a multiple of every family's tileRows. */
constexpr int64_t taskRows = 96;
constexpr int64_t taskColumns = 1536;
/** Below this many floating-point operations a task is not worth handing out. */
constexpr double taskFlops = 4e6;
constexpr int64_t maximumTasks = 64;

/** One tile: out[tileRows, NV·W] (+)= A · panel over k. A is packed, or read from its rows. */
template <int NV, bool packed>
MEANDER_INLINE void tile(int64_t k, const float* strip, const float* const* rows, const float* MEANDER_RESTRICT panel,
                         float* out, int64_t stride, bool accumulate) {
  V sums[tileRows][NV];
  MEANDER_UNROLL
  for (int r = 0; r < tileRows; r++) {
    MEANDER_UNROLL
    for (int v = 0; v < NV; v++) sums[r][v] = accumulate ? load(out + r * stride + v * W) : zero();
  }
  const float* row[tileRows];
  if (!packed) {
    MEANDER_UNROLL
    for (int r = 0; r < tileRows; r++) row[r] = rows[r];
  }
  for (int64_t i = 0; i < k; i++) {
    V b[NV];
    MEANDER_UNROLL
    for (int v = 0; v < NV; v++) b[v] = load(panel + v * W);
    MEANDER_UNROLL
    for (int r = 0; r < tileRows; r++) {
      const V a = set(packed ? strip[r] : row[r][i]);
      MEANDER_UNROLL
      for (int v = 0; v < NV; v++) sums[r][v] = fma(a, b[v], sums[r][v]);
    }
    panel += NV * W;
    if (packed) strip += tileRows;
  }
  MEANDER_UNROLL
  for (int r = 0; r < tileRows; r++) {
    MEANDER_UNROLL
    for (int v = 0; v < NV; v++) store(out + r * stride + v * W, sums[r][v]);
  }
}

template <bool packed>
void anyTile(int vectors, int64_t k, const float* strip, const float* const* rows, const float* panel, float* out,
             int64_t stride, bool accumulate) {
  if constexpr (tileVectors >= 3) {
    if (vectors == 3) return tile<3, packed>(k, strip, rows, panel, out, stride, accumulate);
  }
  if constexpr (tileVectors >= 2) {
    if (vectors == 2) return tile<2, packed>(k, strip, rows, panel, out, stride, accumulate);
  }
  tile<1, packed>(k, strip, rows, panel, out, stride, accumulate);
}

/** Adds a finished or partial tile into C and applies the epilogue where the sum is complete. */
void finish(const float* sums, int64_t stride, int64_t rows, int64_t columns, float* c, int64_t ldc, bool accumulate,
            bool complete, const Epilogue& epilogue, int64_t offset, int64_t column) {
  for (int64_t r = 0; r < rows; r++) {
    const int64_t at = offset + r * ldc;
    for (int64_t j = 0; j < columns; j += W) {
      const int n = static_cast<int>(least<int64_t>(W, columns - j));
      V x = load(sums + r * stride + j, n);
      if (accumulate) x = x + load(c + at + j, n);
      if (complete) {
        if (epilogue.bias) x = x + load(epilogue.bias + column + j, n);
        if (epilogue.pre) store(epilogue.pre + at + j, x, n);
        if (epilogue.activation) x = activate(x, epilogue.activation);
        if (epilogue.gate) x = x * slope(load(epilogue.gate + at + j, n), epilogue.gateActivation);
      }
      store(c + at + j, x, n);
    }
  }
}

/** Copies `count` values that lie `stride` apart in `lines` lines into dst[count][width]; pads with zeros. */
void interleave(const float* src, int64_t stride, int64_t lines, int64_t count, float* dst, int64_t width) {
  int64_t line = 0;
  for (; line + 4 <= lines; line += 4) {
    const float* s = src + line * stride;
    float* d = dst + line;
    for (int64_t i = 0; i < count; i++) {
      d[i * width] = s[i];
      d[i * width + 1] = s[stride + i];
      d[i * width + 2] = s[2 * stride + i];
      d[i * width + 3] = s[3 * stride + i];
    }
  }
  for (; line < width; line++)
    for (int64_t i = 0; i < count; i++) dst[i * width + line] = line < lines ? src[line * stride + i] : 0.0f;
}

/** Panel of B: rows k0 … k0+k, `lines` columns from `column`, as [k][width]. */
void packPanel(Matrix b, int64_t k0, int64_t k, int64_t column, int64_t lines, float* dst, int64_t width,
               float* columnSums, bool addSums) {
  if (b.columnStride != 1) {
    interleave(b.data + column * b.columnStride + k0, b.columnStride, lines, k, dst, width);
    return;
  }
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
  // Sums are taken over chunks and the chunks added, which keeps float32 honest over many tokens.
  V total[tileVectors];
  for (int v = 0; v < tileVectors; v++) total[v] = zero();
  constexpr int64_t chunk = 128;
  for (int64_t from = 0; from < k; from += chunk) {
    V part[tileVectors];
    for (int v = 0; v < tileVectors; v++) part[v] = zero();
    const int64_t to = least(k, from + chunk);
    for (int64_t i = from; i < to; i++, src += b.rowStride, dst += width) {
      for (int v = 0; v < vectors; v++) {
        const V x = v + 1 < vectors ? load(src + v * W) : load(src + v * W, last);
        store(dst + v * W, x);
        part[v] = part[v] + x;
      }
    }
    for (int v = 0; v < vectors; v++) total[v] = total[v] + part[v];
  }
  for (int v = 0; v < vectors; v++) {
    const int n = v + 1 < vectors ? W : last;
    float* sum = columnSums + column + v * W;
    store(sum, addSums ? load(sum, n) + total[v] : total[v], n);
  }
}

/** Strip of A: `lines` rows from `row`, k0 … k0+k, as [k][tileRows]. A's rows are contiguous in memory along m. */
void packStrip(Matrix a, int64_t row, int64_t lines, int64_t k0, int64_t k, float* dst) {
  const float* src = a.data + k0 * a.columnStride + row;
  if (lines == tileRows) {
    for (int64_t i = 0; i < k; i++, src += a.columnStride, dst += tileRows)
      std::memcpy(dst, src, tileRows * sizeof(float));
    return;
  }
  for (int64_t i = 0; i < k; i++, src += a.columnStride, dst += tileRows)
    for (int64_t r = 0; r < tileRows; r++) dst[r] = r < lines ? src[r] : 0.0f;
}

}  // namespace

void gemm(Context& context, int64_t M, int64_t N, int64_t K, Matrix a, Matrix b, float* c, int64_t ldc,
          const GemmOptions& options) {
  if (M == 0 || N == 0) return;
  const bool packA = a.columnStride != 1;
  const Epilogue& epilogue = options.epilogue;
  const bool plainEpilogue = !epilogue.bias && !epilogue.pre && !epilogue.activation && !epilogue.gate;

  // Super-blocks bound the packed operands; all cuts follow from the shape alone.
  const int64_t nSuper = least(roundUp(N, tileColumns),
                               most<int64_t>(packedLimit / least(K, depth * 2) / tileColumns, 1) * tileColumns);
  const int64_t kSuper = least(K, most<int64_t>(packedLimit / nSuper / depth, 1) * depth);
  const int64_t mSuper = packA ? least(M, most<int64_t>(packedLimit / kSuper / taskRows, 1) * taskRows) : M;

  for (int64_t n0 = 0; n0 < N; n0 += nSuper) {
    const int64_t columns = least(nSuper, N - n0);
    const int64_t panels = blocksOf(columns, tileColumns);
    for (int64_t k0 = 0; k0 < K; k0 += kSuper) {
      const int64_t ks = least(kSuper, K - k0);
      float* const bPacked = context.scratch(packedB, ks * roundUp(columns, tileColumns));
      const bool addSums = options.addSums || k0 > 0;
      for (int64_t m0 = 0; m0 < M; m0 += mSuper) {
        const int64_t rowsHere = least(mSuper, M - m0);
        const int64_t strips = blocksOf(rowsHere, tileRows);
        float* const aPacked = packA ? context.scratch(packedA, strips * tileRows * ks) : nullptr;

        // Pack: B once per (n0, k0), A per (m0, k0).
        const int64_t bJobs = m0 == 0 ? panels : 0;
        const int64_t aGroup = 6;
        const int64_t aJobs = packA ? blocksOf(strips, aGroup) : 0;
        const auto pack = [&](int job, int) {
          if (job < bJobs) {
            const int64_t column = job * tileColumns;
            const int64_t lines = least<int64_t>(tileColumns, columns - column);
            packPanel(b, k0, ks, n0 + column, lines, bPacked + column * ks, roundUp(lines, W), options.columnSums,
                      addSums);
            return;
          }
          for (int64_t s = (job - bJobs) * aGroup; s < least((job - bJobs + 1) * aGroup, strips); s++)
            packStrip(a, m0 + s * tileRows, least<int64_t>(tileRows, rowsHere - s * tileRows), k0, ks,
                      aPacked + s * tileRows * ks);
        };
        const auto jobs = static_cast<int>(bJobs + aJobs);
        if ((bJobs * tileColumns + aJobs * aGroup * tileRows) * ks <= 8192) {
          for (int job = 0; job < jobs; job++) pack(job, 0);
        } else {
          context.pool.each(jobs, pack);
        }

        // Compute.
        const double wanted = 2.0 * rowsHere * columns * ks / taskFlops;
        const int64_t target = wanted < 1 ? 1 : wanted > maximumTasks ? maximumTasks : static_cast<int64_t>(wanted);
        int64_t rowsPerTask = taskRows;
        int64_t panelsPerTask = most<int64_t>(taskColumns / tileColumns, 1);
        if (target == 1) {
          rowsPerTask = rowsHere;
          panelsPerTask = panels;
        }
        if (blocksOf(rowsHere, rowsPerTask) * blocksOf(panels, panelsPerTask) < target) rowsPerTask = taskRows / 2;
        panelsPerTask = least(panelsPerTask, panels);
        while (panelsPerTask > 1 && blocksOf(rowsHere, rowsPerTask) * blocksOf(panels, panelsPerTask) < target)
          panelsPerTask = (panelsPerTask + 1) / 2;
        const int64_t across = blocksOf(panels, panelsPerTask);
        const auto compute = [&](int task, int) {
          const int64_t mFrom = task / across * rowsPerTask, mTo = least(mFrom + rowsPerTask, rowsHere);
          const int64_t pFrom = task % across * panelsPerTask, pTo = least(pFrom + panelsPerTask, panels);
          alignas(64) float buffer[tileRows * tileColumns];
          for (int64_t kb = 0; kb < ks; kb += depth) {
            const int64_t k = least(depth, ks - kb);
            const bool accumulate = options.accumulate || k0 + kb > 0;
            const bool complete = k0 + kb + k == K;
            for (int64_t p = pFrom; p < pTo; p++) {
              const int64_t column = p * tileColumns;
              const int64_t lines = least<int64_t>(tileColumns, columns - column);
              const auto vectors = static_cast<int>(blocksOf(lines, W));
              const float* const panel = bPacked + column * ks + kb * vectors * W;
              for (int64_t m = mFrom; m < mTo; m += tileRows) {
                const int64_t rows = least<int64_t>(tileRows, mTo - m);
                const int64_t offset = (m0 + m) * ldc + n0 + column;
                const bool direct = rows == tileRows && lines == vectors * W && (plainEpilogue || !complete);
                float* const out = direct ? c + offset : buffer;
                const int64_t stride = direct ? ldc : tileColumns;
                const bool addOut = direct && accumulate;
                if (packA) {
                  anyTile<true>(vectors, k, aPacked + m * ks + kb * tileRows, nullptr, panel, out, stride, addOut);
                } else {
                  const float* rowsOfA[tileRows];
                  for (int64_t r = 0; r < tileRows; r++)
                    rowsOfA[r] = a.data + (m0 + m + least(r, rows - 1)) * a.rowStride + k0 + kb;
                  anyTile<false>(vectors, k, nullptr, rowsOfA, panel, out, stride, addOut);
                }
                if (!direct)
                  finish(buffer, tileColumns, rows, lines, c, ldc, accumulate, complete, epilogue, offset, n0 + column);
              }
            }
          }
        };
        context.pool.each(static_cast<int>(blocksOf(rowsHere, rowsPerTask) * across), compute);
      }
    }
  }
}

}  // namespace meander::MEANDER_FAMILY
