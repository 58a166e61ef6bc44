// The update of schedule-free AdamW; src/engine/program/types.ts has the formulas.
#include "kernels/ops.h"

namespace meander::MEANDER_FAMILY {

namespace {

constexpr int64_t chunk = 1 << 14;
/** float32 values whose squares are summed in lanes before they join a float64 sum. */
constexpr int64_t squaresPerSum = 1024;

double sumOfSquares(const float* g, int64_t n) {
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

// parameters, gradients, z, v, point, counters, ring | elements, number of decay ranges, then start and end of each
//   | beta, beta2, epsilon, weight decay, clip
void scheduleFree(Context& context, const Call& call) {
  const auto& [x, g, z, v, y, counters, ring] = operands<7>(call);
  const auto& [elements, ranges] = sizes<2>(call);
  const int64_t* const bounds = call.size + 2;
  const double beta = call.number[0], beta2 = call.number[1], epsilon = call.number[2], weightDecay = call.number[3],
               clip = call.number[4];
  float* const entry = ring + context.scalars.ringSlot * 4;

  const auto tasks = static_cast<int>(blocksOf(elements, chunk));
  auto* const parts = reinterpret_cast<double*>(context.scratch(partials, 2 * int64_t{tasks}));
  context.pool.each(tasks, [&](int task, int) {
    parts[task] = sumOfSquares(g + task * chunk, least(chunk, elements - task * chunk));
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
  const double lr = context.scalars.learningRate;
  counters[0] = static_cast<float>(t);
  counters[1] = static_cast<float>(most(static_cast<double>(counters[1]), lr));
  entry[2] = 1;
  entry[3] = counters[0];
  // The sum of weights is kept in two halves, for float32 alone would lose what a long run adds.
  const double weight = static_cast<double>(counters[1]) * counters[1];
  const double weights = static_cast<double>(counters[2]) + counters[3] + weight;
  counters[2] = static_cast<float>(weights);
  counters[3] = static_cast<float>(weights - counters[2]);

  const double scaled = clip > 0 ? clip / (norm + 1e-6) : 1;
  const V factor = set(static_cast<float>(scaled < 1 ? scaled : 1));
  const V b2 = set(static_cast<float>(beta2)), c2 = set(static_cast<float>(1 - beta2));
  const V root = set(static_cast<float>(std::sqrt(1 - std::pow(beta2, t))));
  const V eps = set(static_cast<float>(epsilon)), rate = set(static_cast<float>(lr));
  const V decay = set(static_cast<float>(weightDecay)), b = set(static_cast<float>(beta));
  // Squares of what gets no gradient decay into the range where many processors are a hundred times slower.
  const V tiny = set(0x1p-126f);
  const V share = set(static_cast<float>(weights > 0 ? weight / weights : 0));

  context.changed(x);
  context.changed(y);
  context.pool.each(tasks, [&](int task, int) {
    const int64_t from = task * chunk, to = least(from + chunk, elements);
    const auto update = [&](int64_t i, int64_t end, bool decays) {
      for (; i < end; i += W) {
        const int k = static_cast<int>(least<int64_t>(W, end - i));
        const V gradient = load(g + i, k) * factor;
        const V raw = fma(b2, load(v + i, k), c2 * gradient * gradient);
        const V square = ifLess(raw, tiny, zero(), raw);
        V step = gradient / (sqrt(square) / root + eps);
        if (decays) step = step + decay * load(y + i, k);
        const V fast = load(z + i, k) - rate * step;
        const V slow = load(x + i, k);
        const V mean = slow + share * (fast - slow);
        store(v + i, square, k);
        store(z + i, fast, k);
        store(x + i, mean, k);
        // As vectorLerp has it, for a resumed run works this out again.
        store(y + i, fast + b * (mean - fast), k);
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
