// Linear layers: y = act(x·W + b), and its three gradients.
#include "kernels/gemm.h"
#include "kernels/ops.h"

namespace meander::MEANDER_FAMILY {

namespace {

/** Rows up to which a product is bound by reading the weight once, not by arithmetic. */
constexpr int64_t fewRows = 8;
constexpr int64_t columnsPerTask = 4 * W;

/** y[M,N] = act(x[M,K]·W[K,N] + b) for M ≤ fewRows: W is streamed once, unpacked. */
void thinLinear(Context& context, int64_t M, int64_t K, int64_t N, const float* x, const float* w, const float* bias,
                float* y, float* pre, int activation) {
  context.pool.each(static_cast<int>(blocksOf(N, columnsPerTask)), [&](int task, int) {
    const int64_t from = task * columnsPerTask;
    for (int64_t m = 0; m < M; m += 4) {
      const int64_t rows = least<int64_t>(4, M - m);
      V sums[4][4];
      for (auto& row : sums)
        for (auto& s : row) s = zero();
      if (N - from >= columnsPerTask && rows == 1) {
        for (int64_t k = 0; k < K; k++) {
          const float* line = w + k * N + from;
          const V a = set(x[m * K + k]);
          MEANDER_UNROLL
          for (int v = 0; v < 4; v++) sums[0][v] = fma(a, load(line + v * W), sums[0][v]);
        }
      } else {
        int lanes[4];
        for (int v = 0; v < 4; v++)
          lanes[v] = static_cast<int>(most<int64_t>(0, least<int64_t>(W, N - from - v * W)));
        const float* row[4];
        for (int64_t r = 0; r < 4; r++) row[r] = x + (m + least(r, rows - 1)) * K;
        for (int64_t k = 0; k < K; k++) {
          const float* line = w + k * N + from;
          MEANDER_UNROLL
          for (int v = 0; v < 4; v++) {
            if (lanes[v] == 0) continue;
            const V b = lanes[v] == W ? load(line + v * W) : load(line + v * W, lanes[v]);
            MEANDER_UNROLL
            for (int r = 0; r < 4; r++) sums[r][v] = fma(set(row[r][k]), b, sums[r][v]);
          }
        }
      }
      for (int64_t r = 0; r < rows; r++)
        for (int v = 0; v < 4; v++) {
          const int64_t column = from + v * W;
          if (column >= N) break;
          const int n = static_cast<int>(least<int64_t>(W, N - column));
          const int64_t at = (m + r) * N + column;
          V s = sums[r][v];
          if (bias) s = s + load(bias + column, n);
          if (pre) store(pre + at, s, n);
          store(y + at, activate(s, activation), n);
        }
    }
  });
}

}  // namespace

// x, weight, bias?, y, pre? | M, K, N, activation
void linear(Context& context, const Call& call) {
  const auto& [x, weight, bias, y, pre] = operands<5>(call);
  const auto& [M, K, N, activation] = sizes<4>(call);
  // Where parameters are kept packed, a product reads half the bytes that a pass over float32 does.
  if (perWord == 1 && M <= fewRows)
    return thinLinear(context, M, K, N, x, weight, bias, y, pre, static_cast<int>(activation));
  GemmOptions options;
  options.epilogue.bias = bias;
  options.epilogue.pre = pre;
  options.epilogue.activation = static_cast<int>(activation);
  options.parameter = true;
  gemm(context, M, N, K, plain(x, K), plain(weight, N), y, N, options);
}

// x, weight, dy, pre?, dx?, dweight, dbias?, gate? | M, K, N, activation, dx mode, dweight mode, dbias mode, gate activation
void linearBackward(Context& context, const Call& call) {
  const auto& [x, weight, givenDy, pre, dx, dweight, dbias, gate] = operands<8>(call);
  const float* dy = givenDy;
  const auto& [M, K, N, activation, dxMode, dweightMode, dbiasMode, gateActivation] = sizes<8>(call);
  if (activation != none) {
    float* const dpre = context.scratch(rows, M * N);
    const int64_t chunk = 4096;
    const int64_t count = M * N;
    const float* const at = pre;
    const int which = static_cast<int>(activation);
    context.pool.each(static_cast<int>(blocksOf(count, chunk)), [=](int task, int) {
      const int64_t end = least((task + 1) * chunk, count);
      for (int64_t i = task * chunk; i < end; i += W) {
        const int n = static_cast<int>(least<int64_t>(W, end - i));
        store(dpre + i, load(dy + i, n) * slope(load(at + i, n), which), n);
      }
    });
    dy = dpre;
  }
  if (dx) {
    GemmOptions options;
    options.accumulate = context.adds(dxMode);
    options.parameter = true;
    options.epilogue.gate = gate;
    options.epilogue.gateActivation = static_cast<int>(gateActivation);
    gemm(context, M, K, N, plain(dy, N), transposed(weight, N), dx, K, options);
  }
  GemmOptions options;
  options.accumulate = context.adds(dweightMode);
  options.columnSums = dbias;
  options.addSums = context.adds(dbiasMode);
  gemm(context, K, N, M, transposed(x, K), plain(dy, N), dweight, N, options);
}

}  // namespace meander::MEANDER_FAMILY
