// Causal attention in blocks with a running softmax (Dao et al., FlashAttention, 2022): the scores of a few queries
// against a few keys exist at a time, never the whole matrix. Scores are kept transposed, a row for each key and a lane
// for each query, so that maxima, sums and the causal mask run along lanes and nothing is summed across them.
//
// In families of mixed precision queries, keys, values, probabilities and their gradients are rounded to bfloat16 and
// brought in pairs, along depth for scores and along keys or queries for all else; sums and softmax are float32. A query's
// probabilities are rounded before they are summed, so that what the values are weighted by still sums to one: what all
// values have in common would else be off by as much as one probability is.
#include "kernels/block.h"
#include "kernels/ops.h"
#include "kernels/pack.h"
#include "kernels/random.h"

namespace meander::MEANDER_FAMILY {

namespace {

/** Queries of a block: a multiple of every family's W. More where products take half the time to the same words. */
constexpr int64_t queryBlock = 32 * perWord;
constexpr int64_t queryVectors = queryBlock / W;
/** Multiples of queryBlock, so that the diagonal lies in the last block of keys. */
constexpr int64_t keyBlockForward = 128;
constexpr int64_t keyBlockBackward = 64;
constexpr float masked = -1e30f;
/** Heads are cut into parts until there are about this many tasks, for processors with more cores than heads. */
constexpr int64_t tasksWanted = 32;

struct Shape {
  int64_t B, T, C, H, D;
  /** Depth and time rounded up to whole vectors and blocks. */
  int64_t depth, time;
  /** Words of a row of D values. */
  int64_t words;
  float scale;
  Mask mask;

  Shape(Context& context, const Call& call)
      : B(call.size[0]),
        T(call.size[1]),
        C(call.size[2]),
        H(call.size[3]),
        D(C / H),
        depth(roundUp(D, W)),
        time(roundUp(T, queryBlock)),
        words(blocksOf(D, perWord)),
        scale(static_cast<float>(call.number[0])),
        mask(context.scalars, call.size[4], call.number[1]) {}
  int64_t heads() const { return B * H; }
  uint64_t element(int64_t head, int64_t query, int64_t key) const {
    return (static_cast<uint64_t>(head) * T + query) * T + key;
  }
  /** Positions in one part of a head, by shape alone; `fewest` keeps parts worth handing out. */
  int64_t part(int64_t fewest) const {
    const int64_t parts = least(blocksOf(tasksWanted, heads()), most<int64_t>(T / fewest, 1));
    return roundUp(blocksOf(T, parts), keyBlockBackward);
  }
};

/** Rows that lie `stride` apart, of values or of words. */
struct Rows {
  const float* at;
  int64_t stride;
  const float* row(int64_t t) const { return at + t * stride; }
};

/** What scores are multiplied by as they leave their product: the scale, where it is not in the queries already. */
MEANDER_INLINE V scoreScale(const Shape& s) { return set(perWord > 1 ? s.scale : 1.0f); }

#if defined(MEANDER_BF16)

/** Rows of words along depth: the operand that is summed over it. */
Rows alongDepth(const Shape& s, const float* src, int64_t stride, int64_t rows, float* space) {
  for (int64_t t = 0; t < rows; t++) pairNeighbours(src + t * stride, s.D, space + t * s.depth);
  return {space, s.depth};
}

/** Word rows of two rows each, with zeros behind each where D is no whole number of vectors: the operand that is summed over rows. */
Rows alongRows(const Shape& s, const float* src, int64_t stride, int64_t rows, float* space) {
  for (int64_t t = 0; t < rows; t += 2)
    for (int64_t i = 0; i < s.depth; i += W) {
      const auto lanes = static_cast<int>(least<int64_t>(W, s.D - i));
      const float* const at = src + t * stride + i;
      storePairs(space + t / 2 * s.depth + i, pairUp(load(at, lanes), t + 1 < rows ? load(at + stride, lanes) : zero()));
    }
  return {space, s.depth};
}

/** Makes of values [row][queryBlock] the words [row / 2][queryBlock], over the first of them. */
void pairRows(float* values, int64_t rows, int64_t width, float* words) {
  for (int64_t j = 0; j < rows; j += 2)
    for (int64_t i = 0; i < width; i += W) {
      const float* const at = values + j * queryBlock + i;
      storePairs(words + j / 2 * queryBlock + i, pairUp(load(at), j + 1 < rows ? load(at + queryBlock) : zero()));
    }
}

/** Makes of every row's values the words of its neighbours, in their place. */
void pairColumns(float* values, int64_t rows, int64_t width) {
  for (int64_t j = 0; j < rows; j++) pairNeighbours(values + j * queryBlock, width, values + j * queryBlock);
}

#else

/** Rows up to which they are read where they lie: more of them, each in a page of its own, wait for addresses. */
constexpr int64_t rowsInPlace = 256;

/** Where the rows lie, or a copy with zeros behind each where D is no whole number of vectors. */
Rows wholeVectors(const Shape& s, const float* src, int64_t stride, int64_t rows, float* space) {
  if (s.D == s.depth && rows <= rowsInPlace) return {src, stride};
  for (int64_t t = 0; t < rows; t++)
    for (int64_t i = 0; i < s.depth; i += W)
      store(space + t * s.depth + i, load(src + t * stride + i, static_cast<int>(least<int64_t>(W, s.D - i))));
  return {space, s.depth};
}
Rows alongDepth(const Shape& s, const float* src, int64_t stride, int64_t rows, float* space) {
  return wholeVectors(s, src, stride, rows, space);
}
Rows alongRows(const Shape& s, const float* src, int64_t stride, int64_t rows, float* space) {
  return wholeVectors(s, src, stride, rows, space);
}
void pairRows(float*, int64_t, int64_t, float*) {}
void pairColumns(float*, int64_t, int64_t) {}
MEANDER_INLINE V rounded(V a) { return a; }

#endif

/** dst[column][width] from `rows` ≤ width rows that lie `stride` apart; zeros past them. Bits are kept. */
void transposeRows(const float* src, int64_t stride, int64_t rows, int64_t columns, float* dst, int64_t width,
                   int64_t lanes) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    int64_t d = 0;
    for (; d + 4 <= columns; d += 4) transpose4(src + r * stride + d, stride, dst + d * width + r, width);
    for (; d < columns; d++)
      for (int64_t i = r; i < r + 4; i++) std::memcpy(dst + d * width + i, src + i * stride + d, sizeof(float));
  }
  for (int64_t d = 0; d < columns && r < lanes; d++)
    for (int64_t i = r; i < lanes; i++) {
      if (i < rows) {
        std::memcpy(dst + d * width + i, src + i * stride + d, sizeof(float));
      } else {
        dst[d * width + i] = 0.0f;
      }
    }
}

/** Rows that are summed over depth, transposed: [words][width]. In mixed precision goes through a row of space. */
void transposeWords(const Shape& s, const float* src, int64_t stride, int64_t rows, float* dst, int64_t width,
                    int64_t lanes, float* space) {
#if defined(MEANDER_BF16)
  for (int64_t t = 0; t < rows; t += queryBlock) {
    const int64_t n = least(queryBlock, rows - t);
    for (int64_t r = 0; r < n; r++) pairNeighbours(src + (t + r) * stride, s.D, space + r * s.words);
    transposeRows(space, s.words, n, s.words, dst + t, width, least(queryBlock, lanes - t));
  }
#else
  (void)space;
  transposeRows(src, stride, rows, s.D, dst, width, lanes);
#endif
}

/** Queries, transposed; times the scale where that costs no second rounding. */
void transposeQueries(const Shape& s, const float* q, int64_t rows, float* dst, int64_t width, int64_t lanes,
                      float* space) {
  transposeWords(s, q, 3 * s.C, rows, dst, width, lanes, space);
  if (perWord > 1) return;
  for (int64_t d = 0; d < s.D; d++)
    for (int64_t i = 0; i < lanes; i += W) store(dst + d * width + i, load(dst + d * width + i) * set(s.scale));
}

/** The mask's words of `rows` queries and `keys` ≤ keyBlockForward keys, [key][queryBlock], through `space`. */
void maskWords(const Shape& s, int64_t head, int64_t query, int64_t rows, int64_t key, int64_t keys, float* space,
               float* words) {
  uint32_t line[Mask::most + 2 + W];
  for (int64_t r = 0; r < rows; r++)
    std::memcpy(space + r * keys, s.mask.words(s.element(head, query + r, key), keys, line), keys * sizeof(float));
  transposeRows(space, keys, rows, keys, words, queryBlock, queryBlock);
}

/** x where the word keeps it, else 0, without the division by 1 − rate. */
MEANDER_INLINE V keepWhere(V x, const float* words, const Mask& mask) {
  return keep(x, reinterpret_cast<const uint32_t*>(words), mask.threshold);
}

/** Softmax statistics of W queries: the highest score so far and the sum of e^(score − highest). */
struct Running {
  V highest, total;
};

/**
 * Turns W queries' scores, yet to be multiplied by `scale`, against `keys` keys into e^(score − highest), a row each `queryBlock` apart. From key
 * `diagonal` on, query i sees key j only where j − diagonal ≤ i. Returns what earlier sums are to be multiplied by.
 */
V softmax(float* scores, int64_t keys, int64_t diagonal, V scale, Running& running) {
  for (int64_t j = diagonal; j < keys; j++) {
    float* const line = scores + j * queryBlock;
    store(line, ifLess(ramp(), set(static_cast<float>(j - diagonal)), set(masked), load(line)));
  }
  V top0 = set(masked), top1 = top0;
  int64_t j = 0;
  for (; j + 2 <= keys; j += 2) {
    top0 = max(top0, load(scores + j * queryBlock));
    top1 = max(top1, load(scores + (j + 1) * queryBlock));
  }
  if (j < keys) top0 = max(top0, load(scores + j * queryBlock));
  const V now = max(running.highest, max(top0, top1) * scale), down = zero() - now;
  V sum0 = zero(), sum1 = zero();
  for (j = 0; j + 2 <= keys; j += 2) {
    const V x0 = rounded(exponential(fma(load(scores + j * queryBlock), scale, down)));
    const V x1 = rounded(exponential(fma(load(scores + (j + 1) * queryBlock), scale, down)));
    store(scores + j * queryBlock, x0);
    store(scores + (j + 1) * queryBlock, x1);
    sum0 = sum0 + x0;
    sum1 = sum1 + x1;
  }
  if (j < keys) {
    const V x = rounded(exponential(fma(load(scores + j * queryBlock), scale, down)));
    store(scores + j * queryBlock, x);
    sum0 = sum0 + x;
  }
  const V factor = exponential(running.highest - now);
  running = {now, fma(running.total, factor, sum0 + sum1)};
  return factor;
}

}  // namespace

// qkv, y, lse | B, T, C, H, stream | scale, dropout
void attention(Context& context, const Call& call) {
  const auto& [qkv, y, lse] = operands<3>(call);
  const Shape s(context, call);
  const int64_t part = s.part(64), parts = blocksOf(s.T, part), row = 3 * s.C;
  const int64_t block = queryBlock * keyBlockForward;
  const int64_t each = roundUp(s.D * queryBlock + 3 * block + queryBlock * s.depth + 2 * s.time * s.depth, 16);
  const V scale = scoreScale(s);
  float* const space = context.perThread(each);
  context.pool.each(static_cast<int>(s.heads() * parts), [&](int task, int thread) {
    // The last part sees most keys: longest tasks first.
    const int64_t head = task % s.heads(), from = (parts - 1 - task / s.heads()) * part, to = least(from + part, s.T);
    const int64_t b = head / s.H, h = head % s.H;
    const float* const q = qkv + b * s.T * row + h * s.D;
    float* const queries = space + thread * each;
    float* const scores = queries + s.D * queryBlock;
    float* const words = scores + block;
    float* const lines = words + block;
    float* const output = lines + block;
    float* const copies = output + queryBlock * s.depth;
    const Rows keys = alongDepth(s, q + s.C, row, to, copies);
    const Rows values = alongRows(s, q + 2 * s.C, row, to, copies + s.time * s.depth);
    for (int64_t q0 = from; q0 < to; q0 += queryBlock) {
      const int64_t rows = least(queryBlock, to - q0), vectors = blocksOf(rows, W);
      transposeQueries(s, q + q0 * row, rows, queries, queryBlock, vectors * W, output);
      Running running[queryVectors];
      for (auto& r : running) r = {set(masked), zero()};
      for (int64_t k0 = 0; k0 < q0 + rows; k0 += keyBlockForward) {
        const int64_t end = least(k0 + keyBlockForward, q0 + rows);
        const int64_t seen = most<int64_t>(least(end, q0) - k0, 0);
        multiply(seen, vectors * W, s.words, keys.row(k0), keys.stride, 1, queries, queryBlock, scores, queryBlock, false);
        if (s.mask.active()) maskWords(s, head, q0, rows, k0, end - k0, lines, words);
        for (int64_t v = 0; v < vectors; v++) {
          // On the diagonal, keys of vector v are seen by its own queries and later ones.
          const int64_t own = q0 + v * W, last = least(own + W, end);
          if (own < end)
            multiply(last - own, (vectors - v) * W, s.words, keys.row(own), keys.stride, 1, queries + v * W, queryBlock,
                     scores + (own - k0) * queryBlock + v * W, queryBlock, false);
          float* const column = scores + v * W;
          const int64_t n = last - k0;
          const V factor = softmax(column, n, least(own - k0, n), scale, running[v]);
          if (s.mask.active())
            for (int64_t j = 0; j < n; j++)
              store(column + j * queryBlock,
                    keepWhere(load(column + j * queryBlock) * set(s.mask.scale), words + j * queryBlock + v * W, s.mask));
          const int64_t lines = least<int64_t>(W, rows - v * W);
          float* const out = output + v * W * s.depth;
          if (k0 > 0) {
            alignas(64) float factors[W];
            store(factors, factor);
            for (int64_t r = 0; r < lines; r++)
              for (int64_t i = 0; i < s.depth; i += W)
                store(out + r * s.depth + i, load(out + r * s.depth + i) * set(factors[r]));
          }
          pairRows(column, n, W, column);
          multiply(lines, s.depth, blocksOf(n, perWord), column, 1, queryBlock, values.row(k0 / perWord), values.stride,
                   out, s.depth, k0 > 0);
        }
      }
      for (int64_t v = 0; v < vectors; v++) {
        alignas(64) float inverse[W], highest[W], total[W];
        store(inverse, set(1.0f) / running[v].total);
        store(highest, running[v].highest);
        store(total, running[v].total);
        for (int64_t r = v * W; r < least(rows, (v + 1) * W); r++) {
          float* const out = y + (b * s.T + q0 + r) * s.C + h * s.D;
          for (int64_t i = 0; i < s.D; i += W)
            store(out + i, load(output + r * s.depth + i) * set(inverse[r - v * W]),
                  static_cast<int>(least<int64_t>(W, s.D - i)));
          lse[head * s.T + q0 + r] = highest[r - v * W] + std::log(total[r - v * W]);
        }
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
  // A task has a head's keys from `from` to `to` and the queries that see them. Its share of dQ is summed with the
  // other parts' in their order.
  const int64_t part = s.part(128), parts = blocksOf(s.T, part), row = 3 * s.C;
  const int64_t plane = s.time * s.depth, turned = s.D * s.time, block = queryBlock * keyBlockBackward;
  const V scale = scoreScale(s);
  const int64_t each = roundUp(2 * turned + 2 * s.time + 5 * block + queryBlock * s.depth + 2 * keyBlockBackward * s.depth + 6 * plane, 16);
  float* const space = context.perThread(each);
  float* const shares = parts > 1 ? context.scratch(partials, s.heads() * parts * plane) : nullptr;
  const auto writeQuery = [&](int64_t head, int64_t t, int64_t i, V x) {
    float* const out = dqkv + (head / s.H * s.T + t) * row + head % s.H * s.D + i;
    write(out, x * set(s.scale), static_cast<int>(least<int64_t>(W, s.D - i)));
  };
  context.pool.each(static_cast<int>(s.heads() * parts), [&](int task, int thread) {
    const int64_t head = task % s.heads(), from = task / s.heads() * part, to = least(from + part, s.T);
    const int64_t b = head / s.H, h = head % s.H;
    const float* const q = qkv + b * s.T * row + h * s.D;
    const float* const dyHead = dy + b * s.T * s.C + h * s.D;
    const float* const yHead = y + b * s.T * s.C + h * s.D;
    float* at = space + thread * each;
    const auto take = [&at](int64_t n) {
      float* const start = at;
      at += n;
      return start;
    };
    float* const queriesT = take(turned);
    float* const gradsT = take(turned);
    float* const dots = take(s.time);
    float* const highs = take(s.time);
    float* const p = take(block);
    float* const ds = take(block);
    float* const words = take(block);
    float* const lines = take(block);
    float* const pairs = perWord > 1 ? take(block) : ds;
    float* const turning = take(queryBlock * s.depth);
    float* const dk = take(keyBlockBackward * s.depth);
    float* const dv = take(keyBlockBackward * s.depth);
    const Rows queries = alongRows(s, q, row, s.T, take(plane));
    const Rows keys = alongDepth(s, q + s.C, row, to, take(plane));
    const Rows grads = alongRows(s, dyHead, s.C, s.T, take(plane));
    const Rows values = alongDepth(s, q + 2 * s.C, row, to, take(plane));
    const Rows keyPairs = perWord > 1 ? alongRows(s, q + s.C, row, to, take(plane)) : keys;
    float* const dq = shares ? shares + (head * parts + from / part) * plane : take(plane);

    transposeQueries(s, q + from * row, s.T - from, queriesT + from, s.time, s.time - from, turning);
    transposeWords(s, dyHead + from * s.C, s.C, s.T - from, gradsT + from, s.time, s.time - from, turning);
    for (int64_t t = from; t < s.time; t++) {
      V dot = zero();
      for (int64_t i = 0; i < s.D && t < s.T; i += W) {
        const auto lanes = static_cast<int>(least<int64_t>(W, s.D - i));
        dot = fma(load(yHead + t * s.C + i, lanes), load(dyHead + t * s.C + i, lanes), dot);
      }
      dots[t] = sum(dot);
      highs[t] = t < s.T ? lse[head * s.T + t] : 0.0f;
    }
    std::memset(dq + from * s.depth, 0, (s.time - from) * s.depth * sizeof(float));

    for (int64_t k0 = from; k0 < to; k0 += keyBlockBackward) {
      const int64_t n = least(keyBlockBackward, to - k0);
      std::memset(dk, 0, n * s.depth * sizeof(float));
      std::memset(dv, 0, n * s.depth * sizeof(float));
      for (int64_t q0 = k0; q0 < s.T; q0 += queryBlock) {
        const int64_t rows = least(queryBlock, s.T - q0), vectors = blocksOf(rows, W);
        if (s.mask.active()) maskWords(s, head, q0, rows, k0, n, lines, words);
        // `count` keys from the block's `first`, seen by the queries of vector v on; `diagonal`: by those, key by key.
        const auto keysOf = [&](int64_t first, int64_t count, int64_t v0, bool diagonal) {
          const int64_t width = (vectors - v0) * W, k = k0 + first;
          float* const pAt = p + first * queryBlock + v0 * W;
          float* const dsAt = ds + first * queryBlock + v0 * W;
          multiply(count, width, s.words, keys.row(k), keys.stride, 1, queriesT + q0 + v0 * W, s.time, pAt, queryBlock, false);
          multiply(count, width, s.words, values.row(k), values.stride, 1, gradsT + q0 + v0 * W, s.time, dsAt, queryBlock, false);
          for (int64_t i = 0; i < width; i += W) {
            const V high = zero() - load(highs + q0 + v0 * W + i), dot = load(dots + q0 + v0 * W + i);
            for (int64_t j = 0; j < count; j++) {
              float* const pLine = pAt + j * queryBlock + i;
              float* const dsLine = dsAt + j * queryBlock + i;
              V probability = exponential(fma(load(pLine), scale, high));
              if (diagonal && i == 0)
                probability = ifLess(ramp(), set(static_cast<float>(j)), zero(), probability);
              V kept = probability, gradient = load(dsLine);
              if (s.mask.active()) {
                // dS = P·(mask·dP − dot): the probability itself is needed beside its dropped form.
                const float* const word = words + (first + j) * queryBlock + v0 * W + i;
                kept = keepWhere(probability * set(s.mask.scale), word, s.mask);
                gradient = keepWhere(gradient * set(s.mask.scale), word, s.mask);
              }
              store(pLine, kept);
              store(dsLine, probability * (gradient - dot));
            }
          }
          pairRows(dsAt, count, width, pairs + first / perWord * queryBlock + v0 * W);
          pairColumns(pAt, count, width);
          pairColumns(dsAt, count, width);
          const int64_t seen = blocksOf(rows - v0 * W, perWord), query = (q0 + v0 * W) / perWord;
          multiply(count, s.depth, seen, pAt, queryBlock, 1, grads.row(query), grads.stride, dv + first * s.depth, s.depth,
                   true);
          multiply(count, s.depth, seen, dsAt, queryBlock, 1, queries.row(query), queries.stride, dk + first * s.depth,
                   s.depth, true);
        };
        if (q0 >= k0 + n) {
          keysOf(0, n, 0, false);
          multiply(rows, s.depth, blocksOf(n, perWord), pairs, 1, queryBlock, keyPairs.row(k0 / perWord), keyPairs.stride,
                   dq + q0 * s.depth, s.depth, true);
          continue;
        }
        const int64_t before = least(q0 - k0, n);
        if (before > 0) keysOf(0, before, 0, false);
        for (int64_t v = 0; v < vectors; v++) {
          const int64_t first = before + v * W, count = least<int64_t>(W, n - first);
          if (count > 0) keysOf(first, count, v, true);
          multiply(least<int64_t>(W, rows - v * W), s.depth, blocksOf(least(first + W, n), perWord), pairs + v * W, 1,
                   queryBlock, keyPairs.row(k0 / perWord), keyPairs.stride, dq + (q0 + v * W) * s.depth, s.depth, true);
        }
      }
      for (int64_t r = 0; r < n; r++) {
        float* const out = dqkv + (b * s.T + k0 + r) * row + h * s.D;
        for (int64_t i = 0; i < s.D; i += W) {
          const auto lanes = static_cast<int>(least<int64_t>(W, s.D - i));
          write(out + s.C + i, load(dk + r * s.depth + i) * set(s.scale), lanes);
          write(out + 2 * s.C + i, load(dv + r * s.depth + i), lanes);
        }
      }
    }
    if (!shares)
      for (int64_t t = 0; t < s.T; t++)
        for (int64_t i = 0; i < s.D; i += W) writeQuery(head, t, i, load(dq + t * s.depth + i));
  });
  if (!shares) return;
  context.pool.each(static_cast<int>(s.heads() * parts), [&](int task, int) {
    const int64_t head = task / parts, from = task % parts * part, to = least(from + part, s.T);
    for (int64_t t = from; t < to; t++) {
      for (int64_t i = 0; i < s.D; i += W) {
        V total = load(shares + head * parts * plane + t * s.depth + i);
        // Parts past the query's own have no key that it sees.
        for (int64_t k = 1; k <= t / part; k++)
          total = total + load(shares + (head * parts + k) * plane + t * s.depth + i);
        writeQuery(head, t, i, total);
      }
    }
  });
}

}  // namespace meander::MEANDER_FAMILY
