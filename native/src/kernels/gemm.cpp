#include "kernels/gemm.h"

#include "kernels/pack.h"
#include "kernels/tile.h"

namespace meander::MEANDER_FAMILY {

namespace {

constexpr int64_t taskRows = Blocks::taskRows;
constexpr int64_t taskColumns = 1536;
/** Rows of A packed at once; a multiple of every family's tileRows and W. */
constexpr int64_t packRows = 48;
/** Below this many floating-point operations a task is not worth handing out, … */
constexpr double taskFlops = 4e6 * perWord;
/** … unless it reads this many words of B. */
constexpr double taskWords = 65536;
constexpr int64_t maximumTasks = 64;

/** Asks for the lines of a tile, so that they are at hand when its sums are complete. */
MEANDER_INLINE void expect(const float* c, int64_t ldc, int64_t rows) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t j = 0; j < tileColumns; j += lineFloats) prefetch(c + r * ldc + j);
}

/**
 * Adds a finished or partial tile into C and applies the epilogue where the sum is complete. What is applied is known
 * when this is compiled, and a row's vectors go side by side: one after the other they would wait for each step.
 */
template <int activation, int gate>
void finish(const float* sums, int64_t rows, int64_t columns, float* c, int64_t ldc, bool accumulate,
            const Epilogue& epilogue, int64_t offset, int64_t column) {
  const auto part = [&]<int n>(int64_t r, int64_t j, int lanes) {
    const int64_t at = offset + r * ldc + j;
    const auto from = [lanes](const float* p, int v) { return lanes < W ? load(p, lanes) : load(p + v * W); };
    const auto to = [lanes](float* p, int v, V x) { lanes < W ? store(p, x, lanes) : store(p + v * W, x); };
    V x[n];
    MEANDER_UNROLL
    for (int v = 0; v < n; v++) x[v] = load(sums + r * tileColumns + j + v * W);
    if (accumulate) {
      MEANDER_UNROLL
      for (int v = 0; v < n; v++) x[v] = x[v] + from(c + at, v);
    }
    if (epilogue.bias) {
      MEANDER_UNROLL
      for (int v = 0; v < n; v++) x[v] = x[v] + from(epilogue.bias + column + j, v);
    }
    if (epilogue.pre) {
      MEANDER_UNROLL
      for (int v = 0; v < n; v++) to(epilogue.pre + at, v, x[v]);
    }
    if constexpr (activation != none) {
      MEANDER_UNROLL
      for (int v = 0; v < n; v++) x[v] = activate(x[v], activation);
    }
    if constexpr (gate >= 0) {
      MEANDER_UNROLL
      for (int v = 0; v < n; v++) x[v] = x[v] * slope(from(epilogue.gate + at, v), gate);
    }
    MEANDER_UNROLL
    for (int v = 0; v < n; v++) to(c + at, v, x[v]);
  };
  for (int64_t r = 0; r < rows; r++) {
    if (columns == tileColumns) {
      part.template operator()<tileVectors>(r, 0, W);
      continue;
    }
    for (int64_t j = 0; j < columns; j += W)
      part.template operator()<1>(r, j, static_cast<int>(least<int64_t>(W, columns - j)));
  }
}

using Finish = decltype(&finish<none, -1>);
template <int activation>
Finish finishGated(const Epilogue& epilogue) {
  if (!epilogue.gate) return finish<activation, -1>;
  switch (epilogue.gateActivation) {
    case geluExact:
      return finish<activation, geluExact>;
    case geluTanh:
      return finish<activation, geluTanh>;
    default:
      return finish<activation, none>;
  }
}
Finish finishOf(const Epilogue& epilogue) {
  switch (epilogue.activation) {
    case geluExact:
      return finishGated<geluExact>(epilogue);
    case geluTanh:
      return finishGated<geluTanh>(epilogue);
    default:
      return finishGated<none>(epilogue);
  }
}

}  // namespace

void gemm(Context& context, int64_t M, int64_t N, int64_t K, Matrix a, Matrix b, float* c, int64_t ldc,
          const GemmOptions& options) {
  if (M == 0 || N == 0) return;
  const bool packA = perWord > 1 || a.columnStride != 1;
  const Epilogue& epilogue = options.epilogue;
  const Finish finishComplete = finishOf(epilogue), finishPart = finishOf({});
  const Epilogue nothing;
  const bool plainEpilogue = !epilogue.bias && !epilogue.pre && !epilogue.activation && !epilogue.gate;
  // Along k everything below counts words.
  const int64_t words = blocksOf(K, perWord), width = roundUp(N, W);

  bool stale = true;
  float* const kept =
      options.parameter && perWord > 1
          ? context.kept(b.data, b.columnStride == 1 ? 0 : 1, K, N, words * width, stale)
          : nullptr;

  // Super-blocks bound the packed operands; all cuts follow from the shape and the block sizes alone.
  const auto [depth, reach, packedLimit] = context.blocks;
  int64_t nSuper = roundUp(N, tileColumns), kSuper = least(words, reach);
  if (!kept) {
    nSuper = least(nSuper, most<int64_t>(packedLimit / least(words, depth * 2) / tileColumns, 1) * tileColumns);
    kSuper = least(kSuper, most<int64_t>(packedLimit / nSuper / depth, 1) * depth);
  }
  const int64_t mSuper = packA ? least(M, most<int64_t>(packedLimit / kSuper / taskRows, 1) * taskRows) : M;

  context.phase(packing);
  if (kept && stale)
    context.pool.each(static_cast<int>(blocksOf(N, tileColumns)), [&](int job, int) {
      const int64_t column = job * int64_t{tileColumns}, lines = least<int64_t>(tileColumns, N - column);
      packPanel(b, 0, K, column, lines, kept + column * words, roundUp(lines, W), nullptr, false);
    });

  for (int64_t n0 = 0; n0 < N; n0 += nSuper) {
    const int64_t columns = least(nSuper, N - n0);
    const int64_t panels = blocksOf(columns, tileColumns);
    for (int64_t k0 = 0; k0 < words; k0 += kSuper) {
      const int64_t ks = least(kSuper, words - k0), first = k0 * perWord, values = least(ks * perWord, K - first);
      float* const bPacked = kept ? nullptr : context.scratch(packedB, ks * roundUp(columns, tileColumns));
      const bool addSums = options.addSums || k0 > 0;
      for (int64_t m0 = 0; m0 < M; m0 += mSuper) {
        const int64_t rowsHere = least(mSuper, M - m0);
        const int64_t strips = blocksOf(rowsHere, tileRows);
        float* const aPacked = packA ? context.scratch(packedA, strips * tileRows * ks) : nullptr;

        // Pack: B once per (n0, k0), A per (m0, k0).
        const int64_t bJobs = kept || m0 > 0 ? 0 : panels;
        const int64_t aJobs = packA ? blocksOf(rowsHere, packRows) : 0;
        const auto pack = [&](int job, int) {
          if (job < bJobs) {
            const int64_t column = job * int64_t{tileColumns};
            const int64_t lines = least<int64_t>(tileColumns, columns - column);
            packPanel(b, first, values, n0 + column, lines, bPacked + column * ks, roundUp(lines, W),
                      options.columnSums, addSums);
            return;
          }
          const int64_t row = (job - bJobs) * packRows;
          packStrips(a, m0 + row, least(packRows, rowsHere - row), first, values, aPacked + row * ks);
        };
        const auto jobs = static_cast<int>(bJobs + aJobs);
        context.phase(packing);
        if ((bJobs * tileColumns + aJobs * packRows) * ks <= 8192) {
          for (int job = 0; job < jobs; job++) pack(job, 0);
        } else {
          context.pool.each(jobs, pack);
        }

        // Compute. A few rows are bound by reading B, everything else by arithmetic.
        const double wanted = most(2.0 * perWord * rowsHere * columns * ks / taskFlops,
                                   kept ? static_cast<double>(columns) * ks / taskWords : 0.0);
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
        const int64_t across = blocksOf(panels, panelsPerTask), down = blocksOf(rowsHere, rowsPerTask);
        // The smaller operand is passed over again and again, the larger one once.
        const bool rowsFirst = columns > rowsHere;
        const auto compute = [&](int task, int) {
          const int64_t taskRow = rowsFirst ? task % down : task / across;
          const int64_t taskColumn = rowsFirst ? task / down : task % across;
          const int64_t mFrom = taskRow * rowsPerTask, mTo = least(mFrom + rowsPerTask, rowsHere);
          const int64_t pFrom = taskColumn * panelsPerTask, pTo = least(pFrom + panelsPerTask, panels);
          alignas(64) float buffer[tileRows * tileColumns];
          for (int64_t p = pFrom; p < pTo; p++) {
            const int64_t column = p * tileColumns;
            const int64_t lines = least<int64_t>(tileColumns, columns - column);
            const auto vectors = static_cast<int>(blocksOf(lines, W));
            const float* const panels = kept ? kept + column * words + k0 * vectors * W : bPacked + column * ks;
            for (int64_t kb = 0; kb < ks; kb += depth) {
              const int64_t k = least(depth, ks - kb);
              const bool accumulate = options.accumulate || k0 + kb > 0;
              const bool complete = k0 + kb + k == words;
              const float* const panel = panels + kb * vectors * W;
              for (int64_t m = mFrom; m < mTo; m += tileRows) {
                const int64_t rows = least<int64_t>(tileRows, mTo - m);
                const int64_t offset = (m0 + m) * ldc + n0 + column;
                const bool direct = rows == tileRows && lines == vectors * W && (plainEpilogue || !complete);
                float* const out = direct ? c + offset : buffer;
                const int64_t stride = direct ? ldc : tileColumns;
                const bool addOut = direct && accumulate;
                // What the next tile will write is asked for while this one is worked out.
                const bool below = m + tileRows < mTo;
                if (below || (kb + k == ks && p + 1 < pTo)) {
                  const int64_t row = below ? m + tileRows : mFrom, rowsThere = least<int64_t>(tileRows, mTo - row);
                  const int64_t there = (m0 + row) * ldc + n0 + column + (below ? 0 : tileColumns);
                  expect(c + there, ldc, rowsThere);
                  if (complete && epilogue.pre) expect(epilogue.pre + there, ldc, rowsThere);
                  if (complete && epilogue.gate) expect(epilogue.gate + there, ldc, rowsThere);
                }
                if (packA) {
                  const float* const strip = aPacked + m * ks + kb * tileRows;
                  stripTile(rows, vectors, k, strip, panel, out, stride, addOut);
                } else {
                  const float* rowsOfA[tileRows];
                  for (int64_t r = 0; r < tileRows; r++)
                    rowsOfA[r] = a.data + (m0 + m + least(r, rows - 1)) * a.rowStride + k0 + kb;
                  tileOf<tileRows, false>(vectors, k, nullptr, rowsOfA, panel, out, stride, addOut);
                }
                if (!direct)
                  (complete ? finishComplete : finishPart)(buffer, rows, lines, c, ldc, accumulate,
                                                           complete ? epilogue : nothing, offset, n0 + column);
              }
            }
          }
        };
        context.phase(products);
        context.pool.each(static_cast<int>(down * across), compute);
      }
    }
  }
  context.phase(otherwise);
}

}  // namespace meander::MEANDER_FAMILY
