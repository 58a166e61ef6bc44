// The classifier tied to the embedding, with cross-entropy. Logits exist for a chunk of tokens at a time, and turn
// into their own gradient while they are at hand.
#include "kernels/gemm.h"
#include "kernels/ops.h"

namespace meander::MEANDER_FAMILY {

namespace {

/** Floats of logits held at once: 80 MB. */
constexpr int64_t logitsLimit = 20 << 20;
constexpr int64_t rowsPerTask = 8;
constexpr int64_t fewRows = 8;

int64_t chunkRows(int64_t N, int64_t columns) {
  return least(N, most<int64_t>(logitsLimit / columns / 96, 1) * 96);
}

bool checkTargets(Context& context, const int32_t* targets, int64_t count, int64_t vocab) {
  for (int64_t i = 0; i < count; i++)
    if (targets[i] < 0 || targets[i] >= vocab) {
      context.fail("target %lld is outside the vocabulary of %lld", targets[i], vocab);
      return false;
    }
  return true;
}

/** Loss of one row of logits; when training the row becomes scale · (softmax − one-hot). */
float crossEntropy(float* row, int64_t vocab, int32_t target, bool training, float scale) {
  const auto lanes = [vocab](int64_t i) { return static_cast<int>(least<int64_t>(W, vocab - i)); };
  V top = set(row[0]);
  int64_t i = 0;
  for (; i + W <= vocab; i += W) top = max(top, load(row + i));
  for (; i < vocab; i++) top = max(top, set(row[i]));
  const float highest = maximum(top);
  const float chosen = row[target];
  // Lanes are added up every few thousand words, so that float32 keeps small probabilities.
  double total = 0;
  V part = zero();
  for (i = 0; i < vocab; i += W) {
    const int n = lanes(i);
    V e = exponential(load(row + i, n) - set(highest));
    if (n < W) {
      alignas(64) float edge[W] = {};
      store(edge, e, n);
      e = load(edge);
    }
    if (training) store(row + i, e, n);
    part = part + e;
    if ((i / W & 255) == 255) {
      total += sum(part);
      part = zero();
    }
  }
  total += sum(part);
  if (training) {
    const V factor = set(static_cast<float>(scale / total));
    for (i = 0; i < vocab; i += W) store(row + i, load(row + i, lanes(i)) * factor, lanes(i));
    row[target] -= scale;
  }
  return static_cast<float>(std::log(total) + highest - chosen);
}

void lossesOf(Context& context, float* logits, int64_t stride, int64_t count, int64_t vocab, const int32_t* targets,
              float* losses, bool training, float scale) {
  context.pool.each(static_cast<int>(blocksOf(count, rowsPerTask)), [=](int task, int) {
    const int64_t end = least((task + 1) * rowsPerTask, count);
    for (int64_t n = task * rowsPerTask; n < end; n++)
      losses[n] = crossEntropy(logits + n * stride, vocab, targets[n], training, scale);
  });
}

void logitsOf(Context& context, int64_t N, int64_t C, int64_t vocab, const float* x, const float* weight, float* logits,
              int64_t stride) {
  GemmOptions options;
  options.parameter = true;
  gemm(context, N, vocab, C, plain(x, C), transposed(weight, C), logits, stride, options);
}

}  // namespace

// x, weight, targets, losses | N, C, V, vocab
void classifierLoss(Context& context, const Call& call) {
  const auto& [x, weight, targetBits, losses] = operands<4>(call);
  const auto& [N, C, words, vocab] = sizes<4>(call);
  const int32_t* const targets = integers(targetBits);
  if (!checkTargets(context, targets, N, vocab)) return;
  const int64_t stride = roundUp(vocab, 16), chunk = chunkRows(N, stride);
  float* const logits = context.scratch(rows, chunk * stride);
  for (int64_t n = 0; n < N; n += chunk) {
    const int64_t count = least(chunk, N - n);
    logitsOf(context, count, C, vocab, x + n * C, weight, logits, stride);
    lossesOf(context, logits, stride, count, vocab, targets + n, losses + n, false, 0);
  }
}

// x, weight, targets, losses, dx, dweight | N, C, V, vocab, dx mode, dweight mode
void classifierLossTrain(Context& context, const Call& call) {
  const auto& [x, weight, targetBits, losses, dx, dweight] = operands<6>(call);
  const auto& [N, C, words, vocab, dxMode, weightMode] = sizes<6>(call);
  const int32_t* const targets = integers(targetBits);
  if (!checkTargets(context, targets, N, vocab)) return;
  const int64_t stride = roundUp(vocab, 16), chunk = chunkRows(N, stride);
  float* const logits = context.scratch(rows, chunk * stride);
  const bool addWeight = context.adds(weightMode);
  if (!addWeight && words > vocab) std::memset(dweight + vocab * C, 0, (words - vocab) * C * sizeof(float));
  const float scale = context.scalars.lossScale / static_cast<float>(N);
  for (int64_t n = 0; n < N; n += chunk) {
    const int64_t count = least(chunk, N - n);
    logitsOf(context, count, C, vocab, x + n * C, weight, logits, stride);
    lossesOf(context, logits, stride, count, vocab, targets + n, losses + n, true, scale);
    GemmOptions forX;
    forX.accumulate = context.adds(dxMode);
    forX.parameter = true;
    gemm(context, count, C, vocab, plain(logits, stride), plain(weight, C), dx + n * C, C, forX);
    GemmOptions forWeight;
    forWeight.accumulate = addWeight || n > 0;
    gemm(context, vocab, C, count, transposed(logits, stride), plain(x + n * C, C), dweight, C, forWeight);
  }
}

// x, weight, logits | N, C, V, vocab
void classifierLogits(Context& context, const Call& call) {
  const auto& [x, weight, logits] = operands<3>(call);
  const auto& [N, C, words, vocab] = sizes<4>(call);
  if (perWord > 1 || N > fewRows) return logitsOf(context, N, C, vocab, x, weight, logits, vocab);
  // A few tokens: bound by reading the weight once, row by row.
  constexpr int64_t perTask = 64;
  context.pool.each(static_cast<int>(blocksOf(vocab, perTask)), [&](int task, int) {
    const int64_t end = least((task + 1) * perTask, vocab);
    for (int64_t v = task * perTask; v < end; v++) {
      const float* const row = weight + v * C;
      for (int64_t n = 0; n < N; n++) {
        const float* const token = x + n * C;
        V a = zero(), b = zero();
        int64_t i = 0;
        for (; i + 2 * W <= C; i += 2 * W) {
          a = fma(load(row + i), load(token + i), a);
          b = fma(load(row + i + W), load(token + i + W), b);
        }
        for (; i < C; i += W) {
          const auto lanes = static_cast<int>(least<int64_t>(W, C - i));
          a = fma(load(row + i, lanes), load(token + i, lanes), a);
        }
        logits[n * vocab + v] = sum(a + b);
      }
    }
  });
}

}  // namespace meander::MEANDER_FAMILY
