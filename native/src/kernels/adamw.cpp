// The recorded loss and the optimizer's update.
#include "kernels/ops.h"

namespace meander::MEANDER_FAMILY {

namespace {

constexpr int64_t chunk = 1 << 14;
/** float32 values whose squares are summed in lanes before they join a float64 sum. */
constexpr int64_t squaresPerSum = 1024;

/**
 * Lets values below 2^−126 be zero while it lives. Moments of weights that get no gradient decay into that range and
 * stay there, and many processors take a hundred times longer over each of them.
 */
class FlushSubnormals {
 public:
#if defined(MEANDER_AVX512) || defined(MEANDER_AVX2)
  FlushSubnormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~FlushSubnormals() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#else
  FlushSubnormals() {}
#endif
};

double squares(const float* g, int64_t n) {
  double total = 0;
  for (int64_t from = 0; from < n; from += squaresPerSum) {
    const int64_t end = least(from + squaresPerSum, n);
    V s = zero();
    for (int64_t i = from; i < end; i += W) {
      const V x = load(g + i, static_cast<int>(least<int64_t>(W, end - i)));
      s = fma(x, x, s);
    }
    total += sum(s);
  }
  return total;
}

}  // namespace

// losses, ring | N
void recordLoss(Context& context, const Call& call) {
  const auto& [losses, ring] = operands<2>(call);
  const int64_t N = call.size[0];
  const int64_t slot = context.scalars.ringSlot;
  double total = 0;
  for (int64_t n = 0; n < N; n++) total += losses[n];
  const double mean = total / static_cast<double>(N) * context.scalars.lossScale;
  float* const entry = ring + slot * 4;
  entry[0] = static_cast<float>(context.scalars.accumulate ? entry[0] + mean : mean);
}

// parameters, gradients, m, v, counters, ring | elements, number of decay ranges, then start and end of each
//   | beta1, beta2, epsilon, weight decay, clip
void adamw(Context& context, const Call& call) {
  const auto& [p, g, m, v, counters, ring] = operands<6>(call);
  const auto& [elements, ranges] = sizes<2>(call);
  const int64_t* const bounds = call.size + 2;
  const double beta1 = call.number[0], beta2 = call.number[1], epsilon = call.number[2], weightDecay = call.number[3],
               clip = call.number[4];
  const int64_t slot = context.scalars.ringSlot;
  float* const entry = ring + slot * 4;

  const auto tasks = static_cast<int>(blocksOf(elements, chunk));
  auto* const parts = reinterpret_cast<double*>(context.scratch(partials, 2 * int64_t{tasks}));
  context.pool.each(tasks, [&](int task, int) {
    parts[task] = squares(g + task * chunk, least(chunk, elements - task * chunk));
  });
  double total = 0;
  for (int i = 0; i < tasks; i++) total += parts[i];
  const double norm = std::sqrt(total);
  entry[1] = static_cast<float>(norm);
  // x − x is 0 for finite x only.
  if (entry[1] - entry[1] != 0 || entry[0] - entry[0] != 0) {
    entry[2] = 0;
    entry[3] = counters[0];
    return;
  }
  const double t = counters[0] + 1.0;
  counters[0] = static_cast<float>(t);
  entry[2] = 1;
  entry[3] = counters[0];

  const double lr = context.scalars.learningRate;
  const double scaled = clip > 0 ? clip / (norm + 1e-6) : 1;
  const V factor = set(static_cast<float>(scaled < 1 ? scaled : 1));
  const V b1 = set(static_cast<float>(beta1)), c1 = set(static_cast<float>(1 - beta1));
  const V b2 = set(static_cast<float>(beta2)), c2 = set(static_cast<float>(1 - beta2));
  const V rate = set(static_cast<float>(lr / (1 - std::pow(beta1, t))));
  const V root = set(static_cast<float>(std::sqrt(1 - std::pow(beta2, t))));
  const V eps = set(static_cast<float>(epsilon));
  const V decay = set(static_cast<float>(1 - lr * weightDecay));

  context.changed(p);
  context.pool.each(tasks, [&](int task, int) {
    const FlushSubnormals flush;
    const int64_t from = task * chunk, to = least(from + chunk, elements);
    const auto update = [&](int64_t i, int64_t end, bool decays) {
      for (; i < end; i += W) {
        const int k = static_cast<int>(least<int64_t>(W, end - i));
        const V gradient = load(g + i, k) * factor;
        const V mean = fma(b1, load(m + i, k), c1 * gradient);
        const V square = fma(b2, load(v + i, k), c2 * gradient * gradient);
        V weight = load(p + i, k);
        if (decays) weight = weight * decay;
        weight = weight - rate * (mean / (sqrt(square) / root + eps));
        store(m + i, mean, k);
        store(v + i, square, k);
        store(p + i, weight, k);
      }
    };
    int64_t at = from;
    for (int64_t r = 0; r < ranges && at < to; r++) {
      const int64_t start = most(bounds[2 * r], at), end = least(bounds[2 * r + 1], to);
      if (end <= at || start >= to) continue;
      update(at, start, false);
      update(start, end, true);
      at = end;
    }
    update(at, to, false);
  });
}

}  // namespace meander::MEANDER_FAMILY
