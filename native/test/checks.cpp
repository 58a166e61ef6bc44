#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <thread>

#include "engine.h"
#include "harness.h"

namespace test {

using namespace meander;
using Doubles = std::vector<double>;

Floats noise(int64_t count, uint32_t seed, float scale) {
  Floats values(count);
  uint32_t x = seed * 2654435761u + 1;
  for (auto& v : values) {
    x ^= x << 13, x ^= x >> 17, x ^= x << 5;
    v = scale * (static_cast<float>(x >> 8) / 8388608.0f - 1);
  }
  return values;
}

void close(const Floats& a, const Doubles& b, double tolerance, const std::string& name) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < b.size(); i++) difference += (a[i] - b[i]) * (a[i] - b[i]), norm += b[i] * b[i];
  const double off = std::sqrt(difference) / std::max(std::sqrt(norm), 1e-30);
  check(off <= tolerance, name + ": off by " + std::to_string(off));
}

void call(Context& context, const Family& family, OpCode code, const std::vector<const Floats*>& tensors,
          const std::vector<int64_t>& sizes, const Doubles& numbers) {
  std::vector<float*> pointers;
  for (const Floats* t : tensors) pointers.push_back(t ? const_cast<float*>(t->data()) : nullptr);
  family.kernels[code](context, {pointers.data(), sizes.data(), numbers.data()});
}

namespace {

/** What a family's matrix products make of an operand: itself, or the nearest bfloat16 (ties to even). */
Floats operand(const Family& family, Floats values) {
  if (!family.mixed) return values;
  for (float& x : values) {
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0x7fffu + (bits >> 16 & 1u)) & 0xffff0000u;
    std::memcpy(&x, &bits, sizeof x);
  }
  return values;
}

double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }
double geluSlope(double x) {
  return 0.5 * (1 + std::erf(x / std::sqrt(2.0))) + x * std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.0));
}

/** Shapes that touch every edge: below a tile, odd, past `depth`, past a task's rows, wide enough for several tasks. */
void checkLinear(Context& context, const Family& family, const std::string& label) {
  const int64_t shapes[][3] = {{1, 1, 1}, {2, 5, 70}, {9, 7, 5}, {33, 50, 97}, {100, 385, 130}, {193, 800, 49}, {97, 64, 700}, {5, 6500, 20}};
  for (const auto& [M, K, N] : shapes) {
    const std::string name = label + " linear " + std::to_string(M) + "x" + std::to_string(K) + "x" + std::to_string(N);
    // Operands that are bfloat16 already: what is left of the difference is the order of sums.
    const Floats x = operand(family, noise(M * K, 1)), w = operand(family, noise(K * N, 2, 0.3f));
    const Floats bias = noise(N, 3), dy = noise(M * N, 4);
    Floats y(M * N), pre(M * N), dx(M * K), dw = noise(K * N, 5), db(N);
    // The gradient behind the activation is not: it is rounded by 2^-9 at most.
    const double rounding = family.mixed ? 2e-3 : 1e-5;
    Doubles wantY(M * N), wantPre(M * N), wantDx(M * K), wantDw(dw.begin(), dw.end()), wantDb(N);
    for (int64_t m = 0; m < M; m++)
      for (int64_t n = 0; n < N; n++) {
        double s = bias[n];
        for (int64_t k = 0; k < K; k++) s += double{x[m * K + k]} * w[k * N + n];
        wantPre[m * N + n] = s;
        wantY[m * N + n] = gelu(s);
        const double d = dy[m * N + n] * geluSlope(s);
        wantDb[n] += d;
        for (int64_t k = 0; k < K; k++) wantDx[m * K + k] += d * w[k * N + n], wantDw[k * N + n] += d * x[m * K + k];
      }
    call(context, family, opLinear, {&x, &w, &bias, &y, &pre}, {M, K, N, 1});
    close(y, wantY, 1e-5, name + " y");
    close(pre, wantPre, 1e-5, name + " pre");
    call(context, family, opLinearBackward, {&x, &w, &dy, &pre, &dx, &dw, &db, nullptr}, {M, K, N, 1, 0, 2, 0, 0});
    close(dx, wantDx, rounding, name + " dx");
    close(dw, wantDw, rounding, name + " dw, added");
    close(db, wantDb, 1e-5, name + " db");
  }
}

/** Exact GELU and its slope from the tables, against erfc in float64: within float32's rounding of x·Φ(x). */
void checkGelu(Context& context, const Family& family, const std::string& label) {
  constexpr int64_t count = 20001;
  const Floats one = {1}, weight(count), dy(count, 1.0f);
  Floats x(count), y(count), dw(count), db(count);
  for (int64_t i = 0; i < count; i++) x[i] = static_cast<float>((i - count / 2) * 8e-4);
  x[0] = -1e30f;
  x[count - 1] = 1e30f;
  // y = gelu(1 · 0 + x), x being the bias, which no family rounds; its gradient is the slope at x.
  call(context, family, opLinear, {&one, &weight, &x, &y, nullptr}, {1, 1, count, 1});
  call(context, family, opLinearBackward, {&one, &weight, &dy, &x, nullptr, &dw, &db, nullptr},
       {1, 1, count, 1, 0, 0, 0, 0});
  double worst = 0, worstSlope = 0, worstTail = 0;
  for (int64_t i = 0; i < count; i++) {
    const double a = x[i], below = 0.5 * std::erfc(-a / std::sqrt(2.0));
    const double density = std::exp(-a * a / 2) / std::sqrt(2 * 3.14159265358979324);
    const double off = std::fabs(y[i] - a * below);
    worst = std::fmax(worst, off / std::fmax(1, std::fabs(a)));
    if (a < -0.1 && a > -4) worstTail = std::fmax(worstTail, off / std::fabs(a * below));
    worstSlope = std::fmax(worstSlope, std::fabs(db[i] - (below + (std::fabs(a) < 30 ? a * density : 0))));
  }
  check(worst < 1.2e-7, label + " gelu, off by " + std::to_string(worst * 1e7) + "e-7");
  check(worstTail < 2e-6, label + " gelu of negative values, off by " + std::to_string(worstTail * 1e6) + "e-6");
  check(worstSlope < 1.8e-7, label + " gelu slope, off by " + std::to_string(worstSlope * 1e7) + "e-7");
}

void checkAttention(Context& context, const Family& family, const std::string& label) {
  const int64_t shapes[][4] = {{1, 1, 1, 3}, {2, 3, 37, 8}, {1, 2, 300, 20}, {1, 1, 270, 32}, {1, 34, 67, 16}};
  for (const auto& [B, H, T, D] : shapes) {
    const std::string name = label + " attention " + std::to_string(T) + "x" + std::to_string(D);
    const int64_t C = H * D;
    const double scale = 1 / std::sqrt(static_cast<double>(D));
    const Floats qkv = operand(family, noise(B * T * 3 * C, 6, 2)), dy = operand(family, noise(B * T * C, 7));
    // Probabilities and their gradients are rounded by 2^-9 at most.
    const double rounding = family.mixed ? 2e-3 : 1e-5;
    Floats y(B * T * C), lse(B * H * T), dqkv(qkv.size());
    Doubles wantY(y.size()), wantLse(lse.size()), want(qkv.size());
    for (int64_t bh = 0; bh < B * H; bh++) {
      const int64_t b = bh / H, h = bh % H;
      const auto q = [&](int64_t t, int64_t part, int64_t d) { return ((b * T + t) * 3 + part) * C + h * D + d; };
      for (int64_t i = 0; i < T; i++) {
        Doubles p(i + 1), dp(i + 1);
        double total = 0, dot = 0;
        for (int64_t j = 0; j <= i; j++) {
          double s = 0;
          for (int64_t d = 0; d < D; d++) s += double{qkv[q(i, 0, d)]} * qkv[q(j, 1, d)];
          total += p[j] = std::exp(s * scale);
        }
        wantLse[bh * T + i] = std::log(total);
        for (int64_t j = 0; j <= i; j++) {
          p[j] /= total;
          for (int64_t d = 0; d < D; d++) {
            const double g = dy[(b * T + i) * C + h * D + d];
            wantY[(b * T + i) * C + h * D + d] += p[j] * qkv[q(j, 2, d)];
            want[q(j, 2, d)] += p[j] * g;
            dp[j] += g * qkv[q(j, 2, d)];
          }
          dot += p[j] * dp[j];
        }
        for (int64_t j = 0; j <= i; j++)
          for (int64_t d = 0; d < D; d++) {
            const double ds = p[j] * (dp[j] - dot) * scale;
            want[q(i, 0, d)] += ds * qkv[q(j, 1, d)];
            want[q(j, 1, d)] += ds * qkv[q(i, 0, d)];
          }
      }
    }
    call(context, family, opAttention, {&qkv, &y, &lse}, {B, T, C, H, 1000, 0}, {scale, 0});
    close(y, wantY, rounding, name + " y");
    close(lse, wantLse, family.mixed ? 5e-4 : 1e-5, name + " lse");
    call(context, family, opAttentionBackward, {&qkv, &y, &lse, &dy, &dqkv}, {B, T, C, H, 1000, 0}, {scale, 0});
    close(dqkv, want, 2 * rounding, name + " dqkv");
    // One thread has the same bits, however the heads were cut.
    Pool alone(1);
    Context single(alone);
    Floats sameY(y.size()), sameD(dqkv.size());
    call(single, family, opAttention, {&qkv, &sameY, &lse}, {B, T, C, H, 1000, 0}, {scale, 0});
    call(single, family, opAttentionBackward, {&qkv, &y, &lse, &dy, &sameD}, {B, T, C, H, 1000, 0}, {scale, 0});
    check(std::memcmp(y.data(), sameY.data(), y.size() * sizeof(float)) == 0, name + " y on one thread");
    check(std::memcmp(dqkv.data(), sameD.data(), dqkv.size() * sizeof(float)) == 0, name + " dqkv on one thread");
  }
}

void checkClassifier(Context& context, const Family& family, const std::string& label) {
  const int64_t N = 131, C = 40, rows = 530, vocab = 517;
  const Floats x = operand(family, noise(N * C, 8)), w = operand(family, noise(rows * C, 9));
  const double rounding = family.mixed ? 2e-3 : 1e-5;
  Floats targets(N), losses(N), dx(N * C), dw(rows * C, 7.0f);
  auto* const ids = reinterpret_cast<int32_t*>(targets.data());
  for (int64_t n = 0; n < N; n++) ids[n] = static_cast<int32_t>(n * 37 % vocab);
  Doubles wantLosses(N), wantDx(N * C), wantDw(rows * C);
  for (int64_t n = 0; n < N; n++) {
    Doubles logits(vocab);
    double total = 0;
    for (int64_t v = 0; v < vocab; v++) {
      for (int64_t c = 0; c < C; c++) logits[v] += double{x[n * C + c]} * w[v * C + c];
      total += std::exp(logits[v]);
    }
    wantLosses[n] = std::log(total) - logits[ids[n]];
    for (int64_t v = 0; v < vocab; v++) {
      const double d = (std::exp(logits[v]) / total - (v == ids[n])) * 0.5 / N;
      for (int64_t c = 0; c < C; c++) wantDx[n * C + c] += d * w[v * C + c], wantDw[v * C + c] += d * x[n * C + c];
    }
  }
  context.scalars.lossScale = 0.5f;
  call(context, family, opClassifierLossTrain, {&x, &w, &targets, &losses, &dx, &dw}, {N, C, rows, vocab, 0, 1});
  close(losses, wantLosses, 1e-5, label + " classifier losses");
  close(dx, wantDx, rounding, label + " classifier dx");
  close(dw, wantDw, rounding, label + " classifier dweight, padded rows zero");
  ids[5] = static_cast<int32_t>(vocab);
  call(context, family, opClassifierLoss, {&x, &w, &targets, &losses}, {N, C, rows, vocab});
  check(!context.takeError().empty(), label + " a target outside the vocabulary is an error");
}

/**
 * Products with a parameter in a bound store: a packed form that is kept gives the bits of one that is not, also for a
 * few rows at a time, and is made anew when the store changes.
 */
void checkKept(Context& context, const Family& family, const std::string& label) {
  const int64_t M = 11, K = 230, N = 61;
  const Floats x = noise(M * K, 12), first = noise(K * N, 13), second = noise(K * N, 14);
  const auto bound = std::make_shared<Buffer>((64 + K * N) * sizeof(float));
  float* const weight = bound->data() + 64;
  Floats y(M * N), want(M * N);
  const auto multiply = [&](int64_t from, int64_t rows) {
    float* tensors[] = {const_cast<float*>(x.data()) + from * K, weight, nullptr, y.data() + from * N, nullptr};
    const int64_t sizes[] = {rows, K, N, 0};
    family.kernels[opLinear](context, {tensors, sizes, nullptr});
  };
  const auto same = [&] { return std::memcmp(y.data(), want.data(), y.size() * sizeof(float)) == 0; };
  for (const Floats* values : {&first, &second}) {
    std::copy(values->begin(), values->end(), weight);
    bound->changed();
    call(context, family, opLinear, {&x, values, nullptr, &want, nullptr}, {M, K, N, 0});
    context.bind({bound});
    for (int repeat = 0; repeat < 2; repeat++) {
      multiply(0, M);
      check(same(), label + " product with a kept parameter");
    }
    if (family.mixed) {
      std::fill(y.begin(), y.end(), 0.0f);
      for (int64_t m = 0, rows = 1; m < M; m += rows, rows = std::min(rows + 1, M - m)) multiply(m, rows);
      check(same(), label + " product of a few rows at a time");
      // Nobody said that the store changed, so the packed form is still the one in use.
      weight[7] += 1;
      multiply(0, M);
      check(same(), label + " parameter is packed once");
    }
    context.bind({});
  }
}

/** Every operation of vectors has the bits of the scalar expression, rounded step by step. */
void checkVectors(const Family& family, const std::string& label) {
  const int64_t n = 1003;
  const Floats a = noise(n, 10, 3), b = noise(n, 11, 5);
  const volatile float s = 0.3f;
  for (int op = 0; op < vectorOps; op++) {
    Floats got = a;
    family.vector(op, got.data(), b.data(), s, n);
    bool same = true;
    for (int64_t i = 0; i < n; i++) {
      volatile float difference = b[i] - a[i];
      volatile float product = s * difference, quotient = difference / s;
      volatile float scaled = s * a[i], share = s * b[i];
      const float want = op == vectorAdd       ? a[i] + b[i]
                         : op == vectorDivide  ? a[i] / s
                         : op == vectorLerp    ? a[i] + product
                         : op == vectorRunning ? a[i] + quotient
                         : op == vectorScale   ? scaled
                                               : a[i] + share;
      same = same && got[i] == want;
    }
    check(same, label + " vector operation " + std::to_string(op));
  }
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()})
    for (const int64_t at : {int64_t{0}, n / 2, n - 1}) {
      Floats c = a;
      check(family.allFinite(c.data(), n), label + " finite");
      c[at] = bad;
      check(!family.allFinite(c.data(), n), label + " not finite at " + std::to_string(at));
    }
}

}  // namespace

void checkFamily(const Family& family, int threads) {
  Pool pool(threads);
  // The smallest blocks and, on the second round, those of this machine: shapes that are small here cross every cut there.
  const Caches smallest = {64 << 10, 64 << 10};
  Context context(pool, threads == 1 ? smallest : Caches::here());
  const std::string label = std::string(family.name) + ", " + std::to_string(threads) + " threads:";
  checkLinear(context, family, label);
  checkGelu(context, family, label);
  checkAttention(context, family, label);
  checkClassifier(context, family, label);
  checkKept(context, family, label);
  checkVectors(family, label);
}

void checkBlocks() {
  const Caches here = Caches::here();
  check(here.second >= 32 << 10 && here.last >= here.second, "caches: sizes that a processor can have");
  for (int64_t second = 16 << 10; second <= 64 << 20; second *= 2) {
    const Blocks blocks(Caches{second, 16 * second});
    const std::string name = "blocks for " + std::to_string(second >> 10) + " KB";
    check(blocks.depth >= 128 && blocks.depth <= 768 && blocks.depth % 128 == 0, name + ": depth");
    check(blocks.reach >= blocks.depth && blocks.reach % blocks.depth == 0, name + ": reach");
    check(blocks.packed >= blocks.reach, name + ": packed");
  }
  check(Blocks(Caches{}).depth == 384, "blocks of a common core");
}

void checkCore() {
  checkBlocks();
  // Every task once, over many short jobs, with more threads than cores, idle gaps included.
  Pool pool(5);
  bool once = true;
  for (int job = 0; job < 3000; job++) {
    const int count = 1 + job % 23;
    std::atomic<int> runs[23] = {};
    pool.each(count, [&](int task, int) { runs[task]++; });
    for (int i = 0; i < 23; i++) once = once && runs[i] == (i < count ? 1 : 0);
    if (job % 500 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  check(once, "pool: every task exactly once");
  bool thrown = false;
  try {
    pool.each(8, [](int task, int) {
      if (task == 5) throw std::runtime_error("five");
    });
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  check(thrown, "pool: an exception in a task reaches the caller");

  bool refused = false;
  try {
    Buffer(size_t{1} << 46);
  } catch (const std::runtime_error&) {
    refused = true;
  }
  check(refused, "memory: 64 TB are refused");
  const size_t before = Buffer::total();
  {
    Buffer buffer(3 << 20);
    check(Buffer::total() == before + (3 << 20), "memory: counted");
    bool zeros = true;
    for (size_t i = 0; i < buffer.bytes(); i++) zeros = zeros && buffer.data<char>()[i] == 0;
    check(zeros, "memory: zero when made");
  }
  check(Buffer::total() == before, "memory: counted down");

  for (const std::vector<double>& wrong :
       {std::vector<double>{99, 0, 0, 0}, {4, 3, 0, 0}, {4, 1, 0, 0, 0}, {4, 0, 1e300}, {4, 0, 0, std::nan("")}}) {
    bool rejected = false;
    try {
      Program(wrong.data(), wrong.size());
    } catch (const std::runtime_error&) {
      rejected = true;
    }
    check(rejected, "program: nonsense is rejected");
  }
}

}  // namespace test
