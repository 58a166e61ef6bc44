// Dropout: the mask is a pure function of the element's number, so its derivative is the same operation on dy.
#include "kernels/random.h"

namespace meander::MEANDER_FAMILY {

// x, y | count, stream, y mode | rate
void dropout(Context& context, const Call& call) {
  const auto& [x, y] = operands<2>(call);
  const auto& [count, stream, yMode] = sizes<3>(call);
  const bool adding = context.adds(yMode);
  const Mask mask(context.scalars, stream, call.number[0]);
  const int64_t chunk = 4096;
  const float* const from = x;
  float* const to = y;
  const int64_t total = count;
  context.pool.each(static_cast<int>(blocksOf(total, chunk)), [=](int task, int) {
    alignas(64) uint32_t space[Mask::most + 2 + W] = {};
    const V scale = set(mask.scale);
    const int64_t end = least((task + 1) * chunk, total);
    for (int64_t i = task * chunk; i < end; i += Mask::most) {
      const int64_t n = least(Mask::most, end - i);
      const uint32_t* words = mask.words(i, n, space);
      for (int64_t j = 0; j < n; j += W) {
        const int lanes = static_cast<int>(least<int64_t>(W, n - j));
        const V kept = keep(load(from + i + j, lanes) * scale, words + j, mask.threshold);
        store(to + i + j, adding ? load(to + i + j, lanes) + kept : kept, lanes);
      }
    }
  });
}

}  // namespace meander::MEANDER_FAMILY
