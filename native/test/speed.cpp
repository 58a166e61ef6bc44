#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "harness.h"

namespace test {

using namespace meander;

namespace {

/** Seconds of processor time of the whole process: what other programs take does not count. */
double seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/** Least processor time of `body` over a few repetitions. */
double best(const std::function<void()>& body) {
  double least = 1e30;
  const double until = seconds() + 0.5;
  for (int i = 0; i < 3 || (seconds() < until && i < 50); i++) {
    const double start = seconds();
    int repetitions = 0;
    do {
      body();
      repetitions++;
    } while (seconds() - start < 0.01);
    const double each = (seconds() - start) / repetitions;
    if (each < least) least = each;
  }
  return least;
}

}  // namespace

void printSpeed(const Family& family, const char* only) {
  const auto wanted = [only](const char* group) { return !only || std::strstr(group, only); };
  Pool pool(1);
  Context context(pool);
  float sink = 0;
  double operations = 0;
  const double peakTime = best([&] { operations = family.peak(50000, &sink); });
  const double peak = operations / peakTime / 1e9;
  std::printf("%s: peak of multiply-add %.0f GFLOP/s on one thread\n", family.name, peak);
  const auto line = [&](const char* name, double flops, const std::function<void()>& body) {
    const double time = best(body);
    std::printf("  %-44s %9.3f ms", name, time * 1e3);
    if (flops > 0) std::printf(" %7.1f GFLOP/s, %3.0f%% of peak", flops / time / 1e9, flops / time / 1e7 / peak);
    std::printf("\n");
  };

  const int64_t shapes[][3] = {{768, 128, 384}, {768, 128, 512}, {768, 512, 128}, {1024, 768, 2304}, {1024, 768, 3072}, {1024, 3072, 768}};
  for (const auto& [M, K, N] : shapes) {
    if (!wanted("linear")) break;
    const Floats x = noise(M * K, 1), w = noise(K * N, 2), bias = noise(N, 3), dy = noise(M * N, 4);
    Floats y(M * N), pre(M * N), dx(M * K), dw(K * N), db(N);
    const double flops = 2.0 * M * K * N;
    char name[64];
    std::snprintf(name, sizeof name, "linear %lldx%lldx%lld", static_cast<long long>(M), static_cast<long long>(K),
                  static_cast<long long>(N));
    line(name, flops, [&] { call(context, family, opLinear, {&x, &w, nullptr, &y, nullptr}, {M, K, N, 0}); });
    line("  with bias and gelu", flops, [&] { call(context, family, opLinear, {&x, &w, &bias, &y, &pre}, {M, K, N, 1}); });
    line("  backward", 2 * flops, [&] {
      call(context, family, opLinearBackward, {&x, &w, &dy, nullptr, &dx, &dw, &db, nullptr}, {M, K, N, 0, 0, 0, 0, 0});
    });
    line("  dweight alone", flops, [&] {
      call(context, family, opLinearBackward, {&x, &w, &dy, nullptr, nullptr, &dw, &db, nullptr}, {M, K, N, 0, 0, 0, 0, 0});
    });
  }
  const int64_t heads[][4] = {{12, 4, 64, 32}, {4, 12, 256, 64}, {1, 12, 1024, 64}};
  for (const auto& [B, H, T, D] : heads) {
    if (!wanted("attention")) break;
    const int64_t C = H * D;
    const Floats qkv = noise(B * T * 3 * C, 5), dy = noise(B * T * C, 6);
    Floats y(B * T * C), lse(B * H * T), dqkv(qkv.size());
    const double scale = 1 / std::sqrt(static_cast<double>(D)), flops = 2.0 * B * H * T * T * D;
    char name[64];
    std::snprintf(name, sizeof name, "attention %lld x %lld heads x %lld x %lld", static_cast<long long>(B),
                  static_cast<long long>(H), static_cast<long long>(T), static_cast<long long>(D));
    line(name, flops, [&] { call(context, family, opAttention, {&qkv, &y, &lse}, {B, T, C, H, 0, 0}, {scale, 0}); });
    line("  backward", 2.5 * flops, [&] {
      call(context, family, opAttentionBackward, {&qkv, &y, &lse, &dy, &dqkv}, {B, T, C, H, 0, 0}, {scale, 0});
    });
    line("  with dropout", flops, [&] { call(context, family, opAttention, {&qkv, &y, &lse}, {B, T, C, H, 0, 0}, {scale, 0.2}); });
  }
  for (const auto& [N, C, vocab] : {std::array<int64_t, 3>{768, 128, 100}, {1024, 768, 50257}}) {
    if (!wanted("classifier")) break;
    const Floats x = noise(N * C, 7), w = noise(vocab * C, 8, 0.1f);
    Floats targets(N), losses(N), dx(N * C), dw(vocab * C);
    char name[64];
    std::snprintf(name, sizeof name, "classifier %lld x %lld x %lld", static_cast<long long>(N),
                  static_cast<long long>(C), static_cast<long long>(vocab));
    line(name, 6.0 * N * C * vocab, [&, N = N, C = C, vocab = vocab] {
      call(context, family, opClassifierLossTrain, {&x, &w, &targets, &losses, &dx, &dw}, {N, C, vocab, vocab, 0, 0});
    });
  }
  for (const auto& [N, C] : {std::array<int64_t, 2>{768, 128}, {1024, 768}}) {
    if (!wanted("norm")) break;
    const Floats x = noise(N * C, 9), d = noise(N * C, 10), w = noise(C, 11), b = noise(C, 12);
    Floats sum(N * C), y(N * C), mean(N), rstd(N), dx(N * C), dw(C), db(C);
    line("residualLayerNorm", 0, [&, N = N, C = C] {
      call(context, family, opLayerNorm, {&x, &d, &w, &b, &sum, &y, &mean, &rstd}, {N, C, 0}, {1e-5, 0});
    });
    line("  backward", 0, [&, N = N, C = C] {
      call(context, family, opLayerNormBackward, {&x, &w, &mean, &rstd, &d, &y, &dx, &dw, &db}, {N, C, 0, 0, 0});
    });
    line("  dropout", 0, [&, N = N, C = C] { call(context, family, opDropout, {&x, &y}, {N * C, 1000, 0}, {0.2}); });
  }
}

}  // namespace test
