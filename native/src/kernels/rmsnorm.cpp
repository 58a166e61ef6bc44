// RMSNorm over the last axis, with or without the residual addition in front of it.
#include "kernels/ops.h"

namespace meander::MEANDER_FAMILY {

namespace {

constexpr int64_t rowsPerTask = 16;
/** Rows whose weight gradients share one slot of partial sums, at least. */
constexpr int64_t rowsPerSlot = 32;
constexpr int64_t mostSlots = 256;

}  // namespace

// x, delta?, weight, sum?, y, rstd | N, C | epsilon
void rmsNorm(Context& context, const Call& call) {
  const auto& [x, delta, weight, sumOut, y, rstds] = operands<6>(call);
  const auto& [N, C] = sizes<2>(call);
  const float epsilon = static_cast<float>(call.number[0]);
  context.pool.each(static_cast<int>(blocksOf(N, rowsPerTask)), [&](int task, int) {
    const int64_t end = least((task + 1) * rowsPerTask, N);
    for (int64_t n = task * rowsPerTask; n < end; n++) {
      const float* row = x + n * C;
      V q = zero();
      for (int64_t i = 0; i < C; i += W) {
        const int k = static_cast<int>(least<int64_t>(W, C - i));
        V v = load(row + i, k);
        if (delta) {
          v = v + load(delta + n * C + i, k);
          store(sumOut + n * C + i, v, k);
        }
        q = fma(v, v, q);
      }
      if (delta) row = sumOut + n * C;
      const float rstd = 1.0f / std::sqrt(sum(q) / static_cast<float>(C) + epsilon);
      rstds[n] = rstd;
      for (int64_t i = 0; i < C; i += W) {
        const int k = static_cast<int>(least<int64_t>(W, C - i));
        store(y + n * C + i, load(row + i, k) * set(rstd) * load(weight + i, k), k);
      }
    }
  });
}

// x, weight, rstd, dy, dresidual?, dx, dweight | N, C, dweight mode
void rmsNormBackward(Context& context, const Call& call) {
  const auto& [x, weight, rstds, dy, dresidual, dx, dweight] = operands<7>(call);
  const auto& [N, C, weightMode] = sizes<3>(call);
  const int64_t perSlot = most(rowsPerSlot, blocksOf(N, mostSlots));
  const int64_t slots = blocksOf(N, perSlot);
  const int64_t padded = roundUp(C, W);
  float* const space = context.scratch(partials, slots * padded);
  context.pool.each(static_cast<int>(slots), [&](int task, int) {
    float* const w = space + task * padded;
    for (int64_t i = 0; i < padded; i += W) store(w + i, zero());
    const int64_t end = least((task + 1) * perSlot, N);
    for (int64_t n = task * perSlot; n < end; n++) {
      const V rstd = set(rstds[n]);
      V s = zero();
      for (int64_t i = 0; i < C; i += W) {
        const int k = static_cast<int>(least<int64_t>(W, C - i));
        const V g = load(dy + n * C + i, k);
        const V normed = load(x + n * C + i, k) * rstd;
        s = fma(g * load(weight + i, k), normed, s);
        store(w + i, fma(g, normed, load(w + i)));
      }
      const V m = set(sum(s) / static_cast<float>(C));
      for (int64_t i = 0; i < C; i += W) {
        const int k = static_cast<int>(least<int64_t>(W, C - i));
        const V normed = load(x + n * C + i, k) * rstd;
        V v = rstd * (load(dy + n * C + i, k) * load(weight + i, k) - normed * m);
        if (dresidual) v = v + load(dresidual + n * C + i, k);
        store(dx + n * C + i, v, k);
      }
    }
  });
  const bool adds = context.adds(weightMode);
  const int64_t columns = 256;
  context.pool.each(static_cast<int>(blocksOf(C, columns)), [&](int task, int) {
    const int64_t end = least((task + 1) * columns, C);
    for (int64_t i = task * columns; i < end; i += W) {
      const int k = static_cast<int>(least<int64_t>(W, end - i));
      V w = zero();
      for (int64_t slot = 0; slot < slots; slot++) w = w + load(space + slot * padded + i);
      store(dweight + i, adds ? load(dweight + i, k) + w : w, k);
    }
  });
}

}  // namespace meander::MEANDER_FAMILY
