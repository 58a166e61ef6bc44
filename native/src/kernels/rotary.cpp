// Rotary positions, and the arrangement of query, key and value heads that attention takes.
#include "kernels/ops.h"

namespace meander::MEANDER_FAMILY {

namespace {

/** Where the heads of one row lie in the projections: all in one tensor by head, or in three. */
struct Heads {
  int64_t H, G, D;
  bool separate;
  /** First element of query, key or value (0, 1, 2) head h in its tensor's row n. */
  MEANDER_INLINE int64_t at(int64_t n, int which, int64_t h) const {
    if (!separate) return ((n * H + h) * 3 + which) * D;
    return which == 0 ? (n * H + h) * D : (n * G + h * G / H) * D;
  }
};

/** Cosines and sines of one position: R of each. */
MEANDER_INLINE void turn(int64_t position, const double* frequencies, int64_t R, float* cosines, float* sines) {
  for (int64_t i = 0; i < R; i++) {
    const float angle = static_cast<float>(static_cast<double>(position) * frequencies[i]);
    cosines[i] = static_cast<float>(std::cos(static_cast<double>(angle)));
    sines[i] = static_cast<float>(std::sin(static_cast<double>(angle)));
  }
}

}  // namespace

// q, k?, v?, qkv | B, T, H, G, D, R | R frequencies
void rotary(Context& context, const Call& call) {
  const auto& [q, k, v, qkv] = operands<4>(call);
  const auto& [B, T, H, G, D, R] = sizes<6>(call);
  const Heads heads{H, G, D, k != nullptr};
  const int64_t position = context.scalars.position;
  const int64_t room = roundUp(R, 16);
  float* const space = context.perThread(2 * room);
  // One position a task, so that its angles serve every sequence and head.
  context.pool.each(static_cast<int>(T), [&](int t, int thread) {
    float* const c = space + thread * 2 * room;
    float* const s = c + room;
    turn(position + t, call.number, R, c, s);
    for (int64_t b = 0; b < B; b++) {
      const int64_t n = b * T + t;
      for (int which = 0; which < 3; which++) {
        const float* const from = !heads.separate || which == 0 ? q : which == 1 ? k : v;
        for (int64_t h = 0; h < H; h++) {
          const float* const x = from + heads.at(n, which, h);
          float* const y = qkv + ((n * 3 + which) * H + h) * D;
          int64_t done = 0;
          if (which < 2) {
            for (int64_t i = 0; i < R; i += W) {
              const int lanes = static_cast<int>(least<int64_t>(W, R - i));
              const V low = load(x + i, lanes), high = load(x + R + i, lanes);
              const V cosine = load(c + i, lanes), sine = load(s + i, lanes);
              store(y + i, low * cosine - high * sine, lanes);
              store(y + R + i, high * cosine + low * sine, lanes);
            }
            done = 2 * R;
          }
          std::memcpy(y + done, x + done, (D - done) * sizeof(float));
        }
      }
    }
  });
}

// dqkv, dq, dk?, dv? | B, T, H, G, D, R, dq mode, dk mode, dv mode | R frequencies
void rotaryBackward(Context& context, const Call& call) {
  const auto& [dqkv, dq, dk, dv] = operands<4>(call);
  const auto& [B, T, H, G, D, R, qMode, kMode, vMode] = sizes<9>(call);
  const Heads heads{H, G, D, dk != nullptr};
  const bool adds[3] = {context.adds(qMode), context.adds(heads.separate ? kMode : qMode),
                        context.adds(heads.separate ? vMode : qMode)};
  const int64_t position = context.scalars.position;
  const int64_t room = roundUp(R, 16);
  float* const space = context.perThread(2 * room);
  context.pool.each(static_cast<int>(T), [&](int t, int thread) {
    float* const c = space + thread * 2 * room;
    float* const s = c + room;
    turn(position + t, call.number, R, c, s);
    for (int64_t b = 0; b < B; b++) {
      const int64_t n = b * T + t;
      for (int which = 0; which < 3; which++) {
        float* const to = !heads.separate || which == 0 ? dq : which == 1 ? dk : dv;
        // Query heads that share a key head follow each other: the first of them overwrites, the rest add.
        const int64_t sharing = heads.separate && which > 0 ? H / G : 1;
        for (int64_t h = 0; h < H; h++) {
          const float* const x = dqkv + ((n * 3 + which) * H + h) * D;
          float* const y = to + heads.at(n, which, h);
          const bool add = adds[which] || h % sharing > 0;
          const auto put = [&](int64_t i, V value, int lanes) {
            store(y + i, add ? load(y + i, lanes) + value : value, lanes);
          };
          int64_t done = 0;
          if (which < 2) {
            for (int64_t i = 0; i < R; i += W) {
              const int lanes = static_cast<int>(least<int64_t>(W, R - i));
              const V low = load(x + i, lanes), high = load(x + R + i, lanes);
              const V cosine = load(c + i, lanes), sine = load(s + i, lanes);
              put(i, low * cosine + high * sine, lanes);
              put(R + i, high * cosine - low * sine, lanes);
            }
            done = 2 * R;
          }
          for (int64_t i = done; i < D; i += W) {
            const int lanes = static_cast<int>(least<int64_t>(W, D - i));
            put(i, load(x + i, lanes), lanes);
          }
        }
      }
    }
  });
}

}  // namespace meander::MEANDER_FAMILY
