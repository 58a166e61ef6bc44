// Gated products of two tensors, and their sum.
#include "kernels/math.h"
#include "kernels/ops.h"

namespace meander::MEANDER_FAMILY {

namespace {

constexpr int64_t elementsPerTask = 8192;

/** body(first element, lanes) for all n elements. */
template <class F>
MEANDER_INLINE void vectors(Context& context, int64_t n, F&& body) {
  context.pool.each(static_cast<int>(blocksOf(n, elementsPerTask)), [&](int task, int) {
    const int64_t end = least((task + 1) * elementsPerTask, n);
    for (int64_t i = task * elementsPerTask; i < end; i += W) body(i, static_cast<int>(least<int64_t>(W, end - i)));
  });
}

/** 1 / (1 + e^(−x)) */
MEANDER_INLINE V logistic(V x) { return set(1.0f) / (set(1.0f) + exponential(zero() - x)); }

}  // namespace

// a, b, y | n
void add(Context& context, const Call& call) {
  const auto& [a, b, y] = operands<3>(call);
  const float *const left = a, *const right = b;
  float* const to = y;
  vectors(context, call.size[0], [=](int64_t i, int k) { store(to + i, load(left + i, k) + load(right + i, k), k); });
}

// gate, up, y | n
void swiglu(Context& context, const Call& call) {
  const auto& [gateIn, upIn, yOut] = operands<3>(call);
  const float *const gate = gateIn, *const up = upIn;
  float* const y = yOut;
  vectors(context, call.size[0], [=](int64_t i, int k) {
    const V g = load(gate + i, k);
    store(y + i, g * logistic(g) * load(up + i, k), k);
  });
}

// gate, up, dy, dgate, dup | n, dgate mode, dup mode
void swigluBackward(Context& context, const Call& call) {
  const auto& [gateIn, upIn, dyIn, dgateOut, dupOut] = operands<5>(call);
  const float *const gate = gateIn, *const up = upIn, *const dy = dyIn;
  float *const dgate = dgateOut, *const dup = dupOut;
  const bool addGate = context.adds(call.size[1]), addUp = context.adds(call.size[2]);
  vectors(context, call.size[0], [=](int64_t i, int k) {
    const V g = load(gate + i, k), d = load(dy + i, k), s = logistic(g), one = set(1.0f);
    V forGate = d * load(up + i, k) * s * fma(g, one - s, one);
    V forUp = d * g * s;
    if (addGate) forGate = forGate + load(dgate + i, k);
    if (addUp) forUp = forUp + load(dup + i, k);
    store(dgate + i, forGate, k);
    store(dup + i, forUp, k);
  });
}

}  // namespace meander::MEANDER_FAMILY
