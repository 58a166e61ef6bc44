// Arithmetic on whole vectors, every operation rounded on its own, so that averages have the same bits everywhere.
#include "kernels/ops.h"

namespace meander::MEANDER_FAMILY {

namespace {

template <class F>
MEANDER_INLINE void map(float* target, const float* source, int64_t n, F&& body) {
  int64_t i = 0;
  for (; i + W <= n; i += W) store(target + i, body(load(target + i), source ? load(source + i) : zero()));
  if (i < n) {
    const int left = static_cast<int>(n - i);
    store(target + i, body(load(target + i, left), source ? load(source + i, left) : zero()), left);
  }
}

}  // namespace

void vectorOperation(int which, float* target, const float* source, float scalar, int64_t n) {
  const V s = set(scalar);
  switch (which) {
    case vectorAdd:
      return map(target, source, n, [](V t, V x) { return t + x; });
    case vectorDivide:
      return map(target, nullptr, n, [=](V t, V) { return t / s; });
    case vectorLerp:
      return map(target, source, n, [=](V t, V x) { return t + s * (x - t); });
    case vectorRunning:
      return map(target, source, n, [=](V t, V x) { return t + (x - t) / s; });
    case vectorScale:
      return map(target, nullptr, n, [=](V t, V) { return t * s; });
    case vectorAddScaled:
      return map(target, source, n, [=](V t, V x) { return t + s * x; });
  }
}

bool allFinite(const float* source, int64_t n) {
  // x · 0 is 0 for every finite x and NaN otherwise, and NaN stays in the sum.
  V sums = zero();
  int64_t i = 0;
  for (; i + W <= n; i += W) sums = sums + load(source + i) * zero();
  if (i < n) sums = sums + load(source + i, static_cast<int>(n - i)) * zero();
  return sum(sums) == 0.0f;
}

double peak(int64_t rounds, float* sink) {
  constexpr int chains = 12;
  V x[chains];
#if defined(MEANDER_BF16)
  for (int i = 0; i < chains; i++) x[i] = set(0.01f * i);
  // Words that differ from lane to lane and bits that toggle: a processor runs zeros faster.
  const P a = pairUp(ramp() * set(0.37f), set(0.7f) - ramp()), b = pairUp(set(-1.3f), ramp() * set(0.11f));
  for (int64_t r = 0; r < rounds; r++) {
    MEANDER_UNROLL
    for (int i = 0; i < chains; i++) x[i] = dot(x[i], a, b);
  }
  V every = zero();
  for (const V& v : x) every = every + v;
  *sink = sum(every);
  return 4.0 * W * chains * rounds;
#else
  for (int i = 0; i < chains; i++) x[i] = set(1.0f + 0.01f * i);
  const V a = set(0.999983f), b = set(1.7e-5f);
  for (int64_t r = 0; r < rounds; r++) {
    MEANDER_UNROLL
    for (int i = 0; i < chains; i++) x[i] = fma(x[i], a, b);
  }
  V total = zero();
  for (const V& v : x) total = total + v;
  *sink = sum(total);
  return 2.0 * W * chains * rounds;
#endif
}

}  // namespace meander::MEANDER_FAMILY
