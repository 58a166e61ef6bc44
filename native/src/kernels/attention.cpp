// Causal attention in blocks with a running softmax (Dao et al., FlashAttention, 2022): the scores of a few queries
// against a few keys exist at a time, never the whole matrix. One task per sequence and head.
#include "kernels/block.h"
#include "kernels/random.h"

namespace meander::MEANDER_FAMILY {

namespace {

constexpr int64_t queryBlock = 32;
constexpr int64_t keyBlockForward = 256;
constexpr int64_t keyBlockBackward = 64;
constexpr float masked = -1e30f;

struct Shape {
  int64_t B, T, C, H, D;
  /** Depth and time rounded up to whole vectors. */
  int64_t depth, time;
  float scale;
  Mask mask;

  Shape(Context& context, const Call& call)
      : B(call.size[0]),
        T(call.size[1]),
        C(call.size[2]),
        H(call.size[3]),
        D(C / H),
        depth(roundUp(D, W)),
        time(roundUp(T, W)),
        scale(static_cast<float>(call.number[0])),
        mask(context.scalars, call.size[4], call.number[1]) {}
  uint64_t element(int64_t head, int64_t query, int64_t key) const {
    return (static_cast<uint64_t>(head) * T + query) * T + key;
  }
};

/** dst[time][depth] from T rows that lie `stride` apart; zeros around. */
void copyRows(const Shape& s, const float* src, int64_t stride, float* dst) {
  for (int64_t t = 0; t < s.time; t++) {
    for (int64_t i = 0; i < s.depth; i += W) {
      const auto n = static_cast<int>(least<int64_t>(W, s.D - i));
      store(dst + t * s.depth + i, t < s.T && n > 0 ? load(src + t * stride + i, n) : zero());
    }
  }
}

/** dst[D][time], the transpose; zeros past T. */
void transposeRows(const Shape& s, const float* src, int64_t stride, float* dst) {
  for (int64_t t0 = 0; t0 < s.time; t0 += 16) {
    for (int64_t d = 0; d < s.D; d++) {
      const int64_t end = least(t0 + 16, s.time);
      for (int64_t t = t0; t < end; t++) dst[d * s.time + t] = t < s.T ? src[t * stride + d] : 0.0f;
    }
  }
}

/** line[j] = e^(scale·line[j] − shift) for j < valid and 0 up to n, a multiple of W; returns the lanes' sums. */
V probabilities(float* line, int64_t valid, int64_t n, float scale, float shift) {
  V total = zero();
  int64_t j = 0;
  for (; j + W <= valid; j += W) {
    const V x = exponential(load(line + j) * set(scale) - set(shift));
    store(line + j, x);
    total = total + x;
  }
  if (j < valid) {
    const auto left = static_cast<int>(valid - j);
    alignas(64) float edge[W] = {};
    store(edge, exponential(load(line + j, left) * set(scale) - set(shift)), left);
    store(line + j, load(edge));
    total = total + load(edge);
    j += W;
  }
  for (; j < n; j += W) store(line + j, zero());
  return total;
}

/** x · mask/(1 − rate) on n elements of a row of probabilities, n a multiple of W. */
void applyMask(const Mask& mask, uint64_t element, float* x, float* second, int64_t n) {
  alignas(64) uint32_t space[Mask::most + 2 + W];
  const uint32_t* words = mask.words(element, n, space);
  const V scale = set(mask.scale);
  for (int64_t j = 0; j < n; j += W) {
    store(x + j, keep(load(x + j) * scale, words + j, mask.threshold));
    if (second) store(second + j, keep(load(second + j) * scale, words + j, mask.threshold));
  }
}

}  // namespace

// qkv, y, lse | B, T, C, H, stream | scale, dropout
void attention(Context& context, const Call& call) {
  const auto& [qkv, y, lse] = operands<3>(call);
  const Shape s(context, call);
  const int64_t each = roundUp(s.time * (s.D + s.depth) + queryBlock * (keyBlockForward + s.depth), 16);
  float* const space = context.perThread(each);
  context.pool.each(static_cast<int>(s.B * s.H), [&](int head, int thread) {
    const int64_t b = head / s.H, h = head % s.H, row = 3 * s.C;
    const float* const q = qkv + b * s.T * row + h * s.D;
    float* const keys = space + thread * each;
    float* const values = keys + s.D * s.time;
    float* const scores = values + s.time * s.depth;
    float* const output = scores + queryBlock * keyBlockForward;
    transposeRows(s, q + s.C, row, keys);
    copyRows(s, q + 2 * s.C, row, values);
    for (int64_t q0 = 0; q0 < s.T; q0 += queryBlock) {
      const int64_t rows = least(queryBlock, s.T - q0);
      const int64_t keyEnd = roundUp(q0 + rows, W);
      float highest[queryBlock], total[queryBlock];
      for (int64_t k0 = 0; k0 < keyEnd; k0 += keyBlockForward) {
        const int64_t n = least(keyBlockForward, keyEnd - k0);
        multiply(rows, n, s.D, q + q0 * row, row, 1, keys + k0, s.time, scores, keyBlockForward, false);
        for (int64_t r = 0; r < rows; r++) {
          float* const line = scores + r * keyBlockForward;
          const int64_t valid = most<int64_t>(least(q0 + r + 1 - k0, n), 0);
          V top = set(masked);
          int64_t j = 0;
          for (; j + W <= valid; j += W) top = max(top, load(line + j) * set(s.scale));
          for (; j < valid; j++) top = max(top, set(line[j] * s.scale));
          const float before = k0 == 0 ? masked : highest[r];
          const float now = most(before, maximum(top));
          const V added = probabilities(line, valid, n, s.scale, now);
          highest[r] = now;
          if (k0 == 0) {
            total[r] = sum(added);
          } else {
            const V factor = exponential(set(before - now));
            alignas(64) float lanes[W];
            store(lanes, factor);
            total[r] = total[r] * lanes[0] + sum(added);
            for (int64_t i = 0; i < s.depth; i += W)
              store(output + r * s.depth + i, load(output + r * s.depth + i) * factor);
          }
          if (s.mask.active()) applyMask(s.mask, s.element(head, q0 + r, k0), line, nullptr, n);
        }
        multiply(rows, s.depth, n, scores, keyBlockForward, 1, values + k0 * s.depth, s.depth, output, s.depth, k0 > 0);
      }
      for (int64_t r = 0; r < rows; r++) {
        const V inverse = set(1.0f / total[r]);
        float* const to = y + (b * s.T + q0 + r) * s.C + h * s.D;
        for (int64_t i = 0; i < s.D; i += W)
          store(to + i, load(output + r * s.depth + i) * inverse, static_cast<int>(least<int64_t>(W, s.D - i)));
        lse[head * s.T + q0 + r] = static_cast<float>(highest[r] + std::log(static_cast<double>(total[r])));
      }
    }
  });
}

// qkv, y, lse, dy, dqkv | B, T, C, H, stream, dqkv mode | scale, dropout
void attentionBackward(Context& context, const Call& call) {
  const auto& [qkv, y, lse, dy, dqkv] = operands<5>(call);
  const Shape s(context, call);
  const bool adding = context.adds(call.size[5]);
  const auto write = [adding](float* to, V x, int lanes) { store(to, adding ? load(to, lanes) + x : x, lanes); };
  const int64_t plane = s.time * s.depth;
  const int64_t each =
      roundUp(4 * plane + 2 * s.D * s.time + s.time + 2 * keyBlockBackward * (queryBlock + s.depth), 16);
  float* const space = context.perThread(each);
  context.pool.each(static_cast<int>(s.B * s.H), [&](int head, int thread) {
    const int64_t b = head / s.H, h = head % s.H, row = 3 * s.C;
    const float* const q = qkv + b * s.T * row + h * s.D;
    float* at = space + thread * each;
    const auto take = [&at](int64_t n) {
      float* const start = at;
      at += n;
      return start;
    };
    float* const queries = take(plane);
    float* const keys = take(plane);
    float* const grads = take(plane);
    float* const dq = take(plane);
    float* const keysT = take(s.D * s.time);
    float* const valuesT = take(s.D * s.time);
    float* const dots = take(s.time);
    float* const p = take(queryBlock * keyBlockBackward);
    float* const ds = take(queryBlock * keyBlockBackward);
    float* const dk = take(keyBlockBackward * s.depth);
    float* const dv = take(keyBlockBackward * s.depth);

    copyRows(s, q, row, queries);
    copyRows(s, q + s.C, row, keys);
    copyRows(s, dy + b * s.T * s.C + h * s.D, s.C, grads);
    transposeRows(s, q + s.C, row, keysT);
    transposeRows(s, q + 2 * s.C, row, valuesT);
    for (int64_t t = 0; t < s.T; t++) {
      const float* const out = y + (b * s.T + t) * s.C + h * s.D;
      V dot = zero();
      for (int64_t i = 0; i < s.D; i += W)
        dot = fma(load(out + i, static_cast<int>(least<int64_t>(W, s.D - i))), load(grads + t * s.depth + i), dot);
      dots[t] = sum(dot);
    }
    std::memset(dq, 0, plane * sizeof(float));

    for (int64_t k0 = 0; k0 < s.T; k0 += keyBlockBackward) {
      std::memset(dk, 0, keyBlockBackward * s.depth * sizeof(float));
      std::memset(dv, 0, keyBlockBackward * s.depth * sizeof(float));
      for (int64_t q0 = k0 / queryBlock * queryBlock; q0 < s.T; q0 += queryBlock) {
        const int64_t rows = least(queryBlock, s.T - q0);
        const int64_t n = least(keyBlockBackward, roundUp(q0 + rows, W) - k0);
        multiply(rows, n, s.D, queries + q0 * s.depth, s.depth, 1, keysT + k0, s.time, p, keyBlockBackward, false);
        multiply(rows, n, s.D, grads + q0 * s.depth, s.depth, 1, valuesT + k0, s.time, ds, keyBlockBackward, false);
        for (int64_t r = 0; r < rows; r++) {
          float* const line = p + r * keyBlockBackward;
          float* const dLine = ds + r * keyBlockBackward;
          const int64_t valid = most<int64_t>(least(q0 + r + 1 - k0, n), 0);
          const V dot = set(dots[q0 + r]);
          probabilities(line, valid, n, s.scale, lse[head * s.T + q0 + r]);
          if (s.mask.active()) {
            // The probability itself is needed beside its dropped form: dS = P·(mask·dP − dot).
            alignas(64) float whole[keyBlockBackward];
            std::memcpy(whole, line, n * sizeof(float));
            applyMask(s.mask, s.element(head, q0 + r, k0), line, dLine, n);
            for (int64_t j = 0; j < n; j += W) store(dLine + j, load(whole + j) * (load(dLine + j) - dot));
          } else {
            for (int64_t j = 0; j < n; j += W) store(dLine + j, load(line + j) * (load(dLine + j) - dot));
          }
        }
        multiply(n, s.depth, rows, p, 1, keyBlockBackward, grads + q0 * s.depth, s.depth, dv, s.depth, true);
        multiply(n, s.depth, rows, ds, 1, keyBlockBackward, queries + q0 * s.depth, s.depth, dk, s.depth, true);
        multiply(rows, s.depth, n, ds, keyBlockBackward, 1, keys + k0 * s.depth, s.depth, dq + q0 * s.depth, s.depth,
                 true);
      }
      const int64_t end = least(keyBlockBackward, s.T - k0);
      for (int64_t r = 0; r < end; r++) {
        float* const to = dqkv + (b * s.T + k0 + r) * row + h * s.D;
        for (int64_t i = 0; i < s.D; i += W) {
          const auto lanes = static_cast<int>(least<int64_t>(W, s.D - i));
          write(to + s.C + i, load(dk + r * s.depth + i) * set(s.scale), lanes);
          write(to + 2 * s.C + i, load(dv + r * s.depth + i), lanes);
        }
      }
    }
    for (int64_t t = 0; t < s.T; t++) {
      float* const to = dqkv + (b * s.T + t) * row + h * s.D;
      for (int64_t i = 0; i < s.D; i += W)
        write(to + i, load(dq + t * s.depth + i) * set(s.scale), static_cast<int>(least<int64_t>(W, s.D - i)));
    }
  });
}

}  // namespace meander::MEANDER_FAMILY
