// Linear layers whose weight is stored as [out, in], one row an output: y = act(x·Wᵀ + b), and its three gradients.
#include "kernels/gemm.h"
#include "kernels/ops.h"

namespace meander::MEANDER_FAMILY {

namespace {

/** Rows up to which a product is bound by reading the weight once, not by arithmetic. */
constexpr int64_t fewRows = 8;
constexpr int64_t outputsPerTask = 16;
constexpr int64_t columnsPerTask = 4 * W;

/** y[M,N] = act(x[M,K]·W[N,K]ᵀ + b) for M ≤ fewRows: W is streamed once, a row a dot product. */
void thinRows(Context& context, int64_t M, int64_t K, int64_t N, const float* x, const float* w, const float* bias,
              float* y, float* pre, int activation) {
  context.pool.each(static_cast<int>(blocksOf(N, outputsPerTask)), [&](int task, int) {
    const int64_t end = least((task + 1) * outputsPerTask, N);
    for (int64_t n = task * outputsPerTask; n < end; n++) {
      const float* const row = w + n * K;
      V sums[fewRows];
      for (V& s : sums) s = zero();
      for (int64_t k = 0; k < K; k += W) {
        const int lanes = static_cast<int>(least<int64_t>(W, K - k));
        const V b = load(row + k, lanes);
        for (int64_t m = 0; m < M; m++) sums[m] = fma(load(x + m * K + k, lanes), b, sums[m]);
      }
      for (int64_t m = 0; m < M; m++) {
        const float s = sum(sums[m]) + (bias ? bias[n] : 0.0f);
        if (pre) pre[m * N + n] = s;
        store(y + m * N + n, activate(set(s), activation), 1);
      }
    }
  });
}

/** to[n] (+)= Σ_m dy[m, n], rows in order. */
void sumRows(Context& context, int64_t M, int64_t N, const float* dy, float* to, bool adds) {
  context.pool.each(static_cast<int>(blocksOf(N, columnsPerTask)), [=](int task, int) {
    const int64_t end = least((task + 1) * columnsPerTask, N);
    alignas(64) float sums[columnsPerTask] = {};
    for (int64_t m = 0; m < M; m++)
      for (int64_t n = task * columnsPerTask, i = 0; n < end; n += W, i += W)
        store(sums + i, load(sums + i) + load(dy + m * N + n, static_cast<int>(least<int64_t>(W, end - n))));
    for (int64_t n = task * columnsPerTask, i = 0; n < end; n += W, i += W) {
      const int lanes = static_cast<int>(least<int64_t>(W, end - n));
      store(to + n, adds ? load(to + n, lanes) + load(sums + i) : load(sums + i), lanes);
    }
  });
}

}  // namespace

// x, weight, bias?, y, pre? | M, K, N, activation
void linearRows(Context& context, const Call& call) {
  const auto& [x, weight, bias, y, pre] = operands<5>(call);
  const auto& [M, K, N, activation] = sizes<4>(call);
  // Where parameters are kept packed, a product reads half the bytes that a pass over float32 does.
  if (perWord == 1 && M <= fewRows)
    return thinRows(context, M, K, N, x, weight, bias, y, pre, static_cast<int>(activation));
  GemmOptions options;
  options.epilogue.bias = bias;
  options.epilogue.pre = pre;
  options.epilogue.activation = static_cast<int>(activation);
  options.parameter = true;
  gemm(context, M, N, K, plain(x, K), transposed(weight, K), y, N, options);
}

// x, weight, dy, pre?, dx?, dweight, dbias?, gate? | M, K, N, activation, dx mode, dweight mode, dbias mode, gate activation
void linearRowsBackward(Context& context, const Call& call) {
  const auto& [x, weight, givenDy, pre, dx, dweight, dbias, gate] = operands<8>(call);
  const float* dy = givenDy;
  const auto& [M, K, N, activation, dxMode, dweightMode, dbiasMode, gateActivation] = sizes<8>(call);
  if (activation != none) {
    float* const dpre = context.scratch(rows, M * N);
    const int64_t chunk = 4096, count = M * N;
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
    gemm(context, M, K, N, plain(dy, N), plain(weight, K), dx, K, options);
  }
  GemmOptions options;
  options.accumulate = context.adds(dweightMode);
  gemm(context, N, K, M, transposed(dy, N), plain(x, K), dweight, K, options);
  if (dbias) sumRows(context, M, N, dy, dbias, context.adds(dbiasMode));
}

}  // namespace meander::MEANDER_FAMILY
