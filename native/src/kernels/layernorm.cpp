// LayerNorm over the last axis, with or without the residual addition in front of it.
#include "kernels/random.h"

namespace meander::MEANDER_FAMILY {

namespace {

constexpr int64_t rowsPerTask = 16;
/** Rows whose weight and bias gradients share one slot of partial sums, at least. */
constexpr int64_t rowsPerSlot = 32;
constexpr int64_t mostSlots = 256;

/** sum = x + delta over one row, delta through its dropout; `element` is the row's first in the mask. */
void addDelta(const Mask& mask, uint64_t element, const float* x, const float* delta, float* sum, int64_t C) {
  if (!mask.active()) {
    for (int64_t i = 0; i < C; i += W) {
      const int k = static_cast<int>(least<int64_t>(W, C - i));
      store(sum + i, load(x + i, k) + load(delta + i, k), k);
    }
    return;
  }
  alignas(64) uint32_t space[Mask::most + 2 + W] = {};
  const V scale = set(mask.scale);
  for (int64_t from = 0; from < C; from += Mask::most) {
    const int64_t n = least(Mask::most, C - from);
    const uint32_t* words = mask.words(element + from, n, space);
    for (int64_t j = 0; j < n; j += W) {
      const int k = static_cast<int>(least<int64_t>(W, n - j));
      const V kept = keep(load(delta + from + j, k) * scale, words + j, mask.threshold);
      store(sum + from + j, load(x + from + j, k) + kept, k);
    }
  }
}

}  // namespace

// x, delta?, weight, bias?, sum?, y, mean, rstd | N, C, dropout stream of delta | epsilon, dropout rate of delta
void layerNorm(Context& context, const Call& call) {
  const auto& [x, delta, weight, bias, sumOut, y, means, rstds] = operands<8>(call);
  const auto& [N, C, stream] = sizes<3>(call);
  const Mask mask(context.scalars, stream, call.number[1]);
  const float epsilon = static_cast<float>(call.number[0]);
  context.pool.each(static_cast<int>(blocksOf(N, rowsPerTask)), [&](int task, int) {
    const int64_t end = least((task + 1) * rowsPerTask, N);
    for (int64_t n = task * rowsPerTask; n < end; n++) {
      const float* row = x + n * C;
      if (delta) {
        addDelta(mask, n * C, row, delta + n * C, sumOut + n * C, C);
        row = sumOut + n * C;
      }
      V s = zero();
      for (int64_t i = 0; i < C; i += W) s = s + load(row + i, static_cast<int>(least<int64_t>(W, C - i)));
      const float mean = sum(s) / static_cast<float>(C);
      V q = zero();
      for (int64_t i = 0; i < C; i += W) {
        const int k = static_cast<int>(least<int64_t>(W, C - i));
        V d = load(row + i, k) - set(mean);
        if (k < W) {
          // Lanes past the end would count mean².
          alignas(64) float t[W] = {};
          store(t, d, k);
          d = load(t);
        }
        q = fma(d, d, q);
      }
      const float rstd = 1.0f / std::sqrt(sum(q) / static_cast<float>(C) + epsilon);
      means[n] = mean;
      rstds[n] = rstd;
      for (int64_t i = 0; i < C; i += W) {
        const int k = static_cast<int>(least<int64_t>(W, C - i));
        V v = (load(row + i, k) - set(mean)) * set(rstd) * load(weight + i, k);
        if (bias) v = v + load(bias + i, k);
        store(y + n * C + i, v, k);
      }
    }
  });
}

// x, weight, mean, rstd, dy, dresidual?, dx, dweight, dbias? | N, C, dweight mode, dbias mode, dx mode
void layerNormBackward(Context& context, const Call& call) {
  const auto& [x, weight, means, rstds, dy, dresidual, dx, dweight, dbias] = operands<9>(call);
  const auto& [N, C, weightMode, biasMode, dxMode] = sizes<5>(call);
  const bool addX = context.adds(dxMode);
  const int64_t perSlot = most(rowsPerSlot, blocksOf(N, mostSlots));
  const int64_t slots = blocksOf(N, perSlot);
  const int64_t padded = roundUp(C, W);
  float* const space = context.scratch(partials, slots * 2 * padded);
  context.pool.each(static_cast<int>(slots), [&](int task, int) {
    float* const w = space + task * 2 * padded;
    float* const b = w + padded;
    for (int64_t i = 0; i < 2 * padded; i += W) store(w + i, zero());
    const int64_t end = least((task + 1) * perSlot, N);
    for (int64_t n = task * perSlot; n < end; n++) {
      const V mean = set(means[n]), rstd = set(rstds[n]);
      V s1 = zero(), s2 = zero();
      for (int64_t i = 0; i < C; i += W) {
        const int k = static_cast<int>(least<int64_t>(W, C - i));
        const V g = load(dy + n * C + i, k);
        const V normed = (load(x + n * C + i, k) - mean) * rstd;
        const V gw = g * load(weight + i, k);
        s1 = s1 + gw;
        s2 = fma(gw, normed, s2);
        store(w + i, fma(g, normed, load(w + i)));
        store(b + i, load(b + i) + g);
      }
      const V m1 = set(sum(s1) / static_cast<float>(C)), m2 = set(sum(s2) / static_cast<float>(C));
      for (int64_t i = 0; i < C; i += W) {
        const int k = static_cast<int>(least<int64_t>(W, C - i));
        const V normed = (load(x + n * C + i, k) - mean) * rstd;
        V v = rstd * (load(dy + n * C + i, k) * load(weight + i, k) - m1 - normed * m2);
        if (dresidual) v = v + load(dresidual + n * C + i, k);
        if (addX) v = v + load(dx + n * C + i, k);
        store(dx + n * C + i, v, k);
      }
    }
  });
  const bool addWeight = context.adds(weightMode), addBias = context.adds(biasMode);
  const int64_t columns = 256;
  context.pool.each(static_cast<int>(blocksOf(C, columns)), [&](int task, int) {
    const int64_t end = least((task + 1) * columns, C);
    for (int64_t i = task * columns; i < end; i += W) {
      const int k = static_cast<int>(least<int64_t>(W, end - i));
      V w = zero(), b = zero();
      for (int64_t slot = 0; slot < slots; slot++) {
        w = w + load(space + slot * 2 * padded + i);
        b = b + load(space + slot * 2 * padded + padded + i);
      }
      store(dweight + i, addWeight ? load(dweight + i, k) + w : w, k);
      if (dbias) store(dbias + i, addBias ? load(dbias + i, k) + b : b, k);
    }
  });
}

}  // namespace meander::MEANDER_FAMILY
