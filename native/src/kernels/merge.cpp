// Means of stored weights: numbers of any float type join a float32 sum, in order, and leave it rounded once. Every
// product and every sum is rounded on its own, so the bits are those of src/engine/averaging/merge-sum.ts.
#include <algorithm>

#include "kernels/ops.h"

namespace meander::MEANDER_FAMILY {

namespace {

MEANDER_INLINE float asFloat(uint32_t bits) { return std::bit_cast<float>(bits); }
MEANDER_INLINE uint32_t asBits(float x) { return std::bit_cast<uint32_t>(x); }

MEANDER_INLINE float number(float x) { return x; }
MEANDER_INLINE float number(double x) { return static_cast<float>(x); }

struct Half {
  uint16_t bits;
};
MEANDER_INLINE float number(Half x) {
  const uint32_t magnitude = x.bits & 0x7fffu;
  // 112 is the difference of the exponents' biases; infinity and NaN go up by it twice.
  const uint32_t normal = (magnitude << 13) + (112u << 23) + (magnitude >= 0x7c00u ? 112u << 23 : 0u);
  // Subnormal: m·2^−24 is what ½ + m·2^−24 has beyond ½, and there one unit in the last place is 2^−24.
  const uint32_t subnormal = asBits(asFloat(magnitude | 0x3f000000u) - 0.5f);
  return asFloat((magnitude < 0x400u ? subnormal : normal) | ((x.bits & 0x8000u) << 16));
}

struct Brain {
  uint16_t bits;
};
MEANDER_INLINE float number(Brain x) { return asFloat(static_cast<uint32_t>(x.bits) << 16); }

/** To nearest, ties to even; what is past the largest half comes out wrong, which the magnitude tells. */
MEANDER_INLINE Half toHalf(float x) {
  const uint32_t bits = asBits(x), magnitude = bits & 0x7fffffffu;
  const uint32_t rebiased = magnitude - 0x38000000u;
  const uint32_t normal = (rebiased + 0xfffu + ((rebiased >> 13) & 1u)) >> 13;
  // The addition rounds to multiples of 2^−24, ties to even.
  const uint32_t subnormal = asBits(asFloat(magnitude) + 0.5f) - 0x3f000000u;
  return {static_cast<uint16_t>((magnitude < 0x38800000u ? subnormal : normal) | ((bits >> 16) & 0x8000u))};
}
MEANDER_INLINE Brain toBrain(float x) {
  const uint32_t bits = asBits(x);
  return {static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

template <class T>
void member(float* MEANDER_RESTRICT sum, const T* MEANDER_RESTRICT source, MergeStep step, float keep, float share,
            int64_t n) {
  switch (step) {
    case mergeTake:
      for (int64_t i = 0; i < n; i++) sum[i] = number(source[i]);
      return;
    case mergeAdd:
      for (int64_t i = 0; i < n; i++) sum[i] += number(source[i]);
      return;
    case mergeTakeShare:
      for (int64_t i = 0; i < n; i++) sum[i] = number(source[i]) * share;
      return;
    case mergeAddShare:
      for (int64_t i = 0; i < n; i++) sum[i] += number(source[i]) * share;
      return;
    case mergeKeepShare:
      for (int64_t i = 0; i < n; i++) sum[i] = sum[i] * keep + number(source[i]) * share;
      return;
  }
}

template <class T, class F>
uint32_t result(T* MEANDER_RESTRICT target, const float* MEANDER_RESTRICT sum, float divisor, int64_t n, F&& round) {
  uint32_t largest = 0;
  for (int64_t i = 0; i < n; i++) {
    const float x = sum[i] / divisor;
    largest = std::max(largest, asBits(x) & 0x7fffffffu);
    target[i] = round(x);
  }
  return largest;
}

}  // namespace

void mergeMember(float* sum, const void* source, MergeType type, MergeStep step, float keep, float share, int64_t n) {
  switch (type) {
    case mergeF32:
      return member(sum, static_cast<const float*>(source), step, keep, share, n);
    case mergeF16:
      return member(sum, static_cast<const Half*>(source), step, keep, share, n);
    case mergeBf16:
      return member(sum, static_cast<const Brain*>(source), step, keep, share, n);
    case mergeF64:
      return member(sum, static_cast<const double*>(source), step, keep, share, n);
  }
}

uint32_t mergeResult(void* target, const float* sum, MergeType type, float divisor, int64_t n) {
  switch (type) {
    case mergeF16:
      return result(static_cast<Half*>(target), sum, divisor, n, toHalf);
    case mergeBf16:
      return result(static_cast<Brain*>(target), sum, divisor, n, toBrain);
    default:
      return result(static_cast<float*>(target), sum, divisor, n, [](float x) { return x; });
  }
}

void mergeCheck(const void* bytes, int64_t words, uint32_t first, uint32_t sums[2]) {
  const auto* const word = static_cast<const uint32_t*>(bytes);
  uint32_t plain = 0, weighted = 0;
  for (int64_t i = 0; i < words; i++) {
    plain += word[i];
    weighted += word[i] * (2 * (first + static_cast<uint32_t>(i)) + 1);
  }
  sums[0] = plain;
  sums[1] = weighted;
}

}  // namespace meander::MEANDER_FAMILY
