// Attention of a few new tokens over a cache of keys and values.
#include "kernels/math.h"
#include "kernels/ops.h"

namespace meander::MEANDER_FAMILY {

// qkv, keys, values, y | B, T, C, H, rows of a cache | scale
void cachedAttention(Context& context, const Call& call) {
  const auto& [qkv, keys, values, y] = operands<4>(call);
  const auto& [B, T, C, H, room] = sizes<5>(call);
  const float scale = static_cast<float>(call.number[0]);
  const int64_t D = C / H, position = context.scalars.position;
  if (position < 0 || position + T > room)
    return context.fail("position %lld is past the cache's %lld rows", position + T - 1, room);
  const int64_t room16 = roundUp(room, 16), each = room16 + roundUp(D, 16);
  float* const space = context.perThread(each);
  context.pool.each(static_cast<int>(B * H), [&](int head, int thread) {
    const int64_t b = head / H, h = head % H;
    float* const k = keys + head * room * D;
    float* const v = values + head * room * D;
    float* const scores = space + thread * each;
    float* const output = scores + room16;
    for (int64_t t = 0; t < T; t++) {
      const float* const q = qkv + ((b * T + t) * 3) * C + h * D;
      std::memcpy(k + (position + t) * D, q + C, D * sizeof(float));
      std::memcpy(v + (position + t) * D, q + 2 * C, D * sizeof(float));
      const int64_t length = position + t + 1;
      float highest = -1e30f;
      for (int64_t j = 0; j < length; j++) {
        V dot = zero();
        for (int64_t i = 0; i < D; i += W) {
          const auto n = static_cast<int>(least<int64_t>(W, D - i));
          dot = fma(load(q + i, n), load(k + j * D + i, n), dot);
        }
        scores[j] = sum(dot) * scale;
        highest = most(highest, scores[j]);
      }
      float total = 0;
      for (int64_t j = 0; j < length; j += W) {
        const auto n = static_cast<int>(least<int64_t>(W, length - j));
        alignas(64) float lanes[W] = {};
        store(lanes, exponential(load(scores + j, n) - set(highest)), n);
        store(scores + j, load(lanes));
        total += sum(load(lanes));
      }
      for (int64_t i = 0; i < D; i += W) {
        const auto n = static_cast<int>(least<int64_t>(W, D - i));
        V s = zero();
        for (int64_t j = 0; j < length; j++) s = fma(set(scores[j]), load(v + j * D + i, n), s);
        store(output + i, s);
      }
      const V inverse = set(1.0f / total);
      float* const to = y + (b * T + t) * C + h * D;
      for (int64_t i = 0; i < D; i += W)
        store(to + i, load(output + i) * inverse, static_cast<int>(least<int64_t>(W, D - i)));
    }
  });
}

}  // namespace meander::MEANDER_FAMILY
