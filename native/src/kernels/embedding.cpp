// Token and position embeddings. The gradient is cut by channels, so that no two tasks write one element.
#include "kernels/ops.h"

namespace meander::MEANDER_FAMILY {

namespace {

constexpr int64_t rowsPerTask = 32;
constexpr int64_t channelsPerTask = 4 * W;
constexpr int64_t elementsPerClear = 1 << 15;

/** Whether every token names a row. */
bool checkTokens(Context& context, const int32_t* tokens, int64_t count, int64_t rows) {
  for (int64_t i = 0; i < count; i++)
    if (tokens[i] < 0 || tokens[i] >= rows) {
      context.fail("token %lld is outside the embedding's %lld rows", tokens[i], rows);
      return false;
    }
  return true;
}

void clear(Context& context, float* target, int64_t count) {
  context.pool.each(static_cast<int>(blocksOf(count, elementsPerClear)), [=](int task, int) {
    const int64_t from = task * elementsPerClear;
    std::memset(target + from, 0, least(elementsPerClear, count - from) * sizeof(float));
  });
}

MEANDER_INLINE void addInto(float* target, const float* source, int64_t n) {
  for (int64_t i = 0; i < n; i += W) {
    const int k = static_cast<int>(least<int64_t>(W, n - i));
    store(target + i, load(target + i, k) + load(source + i, k), k);
  }
}

}  // namespace

// tokens, wte, wpe?, y | B, T, C, rows of wte, rows of wpe
void embedding(Context& context, const Call& call) {
  const auto& [tokenBits, wte, wpe, y] = operands<4>(call);
  const auto& [B, T, C, words, positions] = sizes<5>(call);
  const int32_t* const tokens = integers(tokenBits);
  const int64_t position = context.scalars.position;
  if (!checkTokens(context, tokens, B * T, words)) return;
  if (wpe && (position < 0 || position + T > positions))
    return context.fail("position %lld is past the %lld that the model knows", position + T - 1, positions);
  context.pool.each(static_cast<int>(blocksOf(B * T, rowsPerTask)), [&](int task, int) {
    const int64_t end = least((task + 1) * rowsPerTask, B * T);
    for (int64_t n = task * rowsPerTask; n < end; n++) {
      const float* word = wte + tokens[n] * C;
      if (!wpe) {
        std::memcpy(y + n * C, word, C * sizeof(float));
        continue;
      }
      const float* place = wpe + (position + n % T) * C;
      for (int64_t i = 0; i < C; i += W) {
        const int k = static_cast<int>(least<int64_t>(W, C - i));
        store(y + n * C + i, load(word + i, k) + load(place + i, k), k);
      }
    }
  });
}

// tokens, dy, dwte, dwpe? | B, T, C, rows of wte, rows of wpe, dwte mode, dwpe mode
void embeddingBackward(Context& context, const Call& call) {
  const auto& [tokenBits, dy, dwte, dwpe] = operands<4>(call);
  const auto& [B, T, C, words, positions, wteMode, wpeMode] = sizes<7>(call);
  const int32_t* const tokens = integers(tokenBits);
  const int64_t position = context.scalars.position;
  if (!checkTokens(context, tokens, B * T, words)) return;
  if (dwpe && (position < 0 || position + T > positions))
    return context.fail("position %lld is past the %lld that the model knows", position + T - 1, positions);
  if (!context.adds(wteMode)) clear(context, dwte, words * C);
  if (dwpe && !context.adds(wpeMode)) clear(context, dwpe, positions * C);
  context.pool.each(static_cast<int>(blocksOf(C, channelsPerTask)), [&](int task, int) {
    const int64_t from = task * channelsPerTask, n = least(channelsPerTask, C - from);
    for (int64_t row = 0; row < B * T; row++) {
      addInto(dwte + tokens[row] * C + from, dy + row * C + from, n);
      if (dwpe) addInto(dwpe + (position + row % T) * C + from, dy + row * C + from, n);
    }
  });
}

// x, y | B, T, C
void lastPosition(Context&, const Call& call) {
  const auto& [x, y] = operands<2>(call);
  const auto& [B, T, C] = sizes<3>(call);
  for (int64_t b = 0; b < B; b++) std::memcpy(y + b * C, x + ((b + 1) * T - 1) * C, C * sizeof(float));
}

}  // namespace meander::MEANDER_FAMILY
