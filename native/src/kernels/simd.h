// One vector type `V` of `W` float32 lanes per kernel family. Everything is inside the family's own
// namespace: code compiled for one processor must never be merged with code compiled for another.
#pragma once
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(MEANDER_AVX512) || defined(MEANDER_AVX2)
#include <immintrin.h>
#elif defined(MEANDER_NEON)
#include <arm_neon.h>
#endif

#if defined(_MSC_VER)
#define MEANDER_INLINE __forceinline
#define MEANDER_UNROLL
#define MEANDER_RESTRICT __restrict
#else
#define MEANDER_INLINE inline __attribute__((always_inline))
#define MEANDER_UNROLL _Pragma("GCC unroll 16")
#define MEANDER_RESTRICT __restrict__
#endif

namespace meander::MEANDER_FAMILY {

#if defined(MEANDER_AVX512)

constexpr int W = 16;
struct V {
  __m512 v;
};
MEANDER_INLINE __mmask16 firstLanes(int n) { return static_cast<__mmask16>((1u << n) - 1); }
MEANDER_INLINE V set(float x) { return {_mm512_set1_ps(x)}; }
MEANDER_INLINE V load(const float* p) { return {_mm512_loadu_ps(p)}; }
MEANDER_INLINE V load(const float* p, int n) { return {_mm512_maskz_loadu_ps(firstLanes(n), p)}; }
MEANDER_INLINE void store(float* p, V a) { _mm512_storeu_ps(p, a.v); }
MEANDER_INLINE void store(float* p, V a, int n) { _mm512_mask_storeu_ps(p, firstLanes(n), a.v); }
MEANDER_INLINE V operator+(V a, V b) { return {_mm512_add_ps(a.v, b.v)}; }
MEANDER_INLINE V operator-(V a, V b) { return {_mm512_sub_ps(a.v, b.v)}; }
MEANDER_INLINE V operator*(V a, V b) { return {_mm512_mul_ps(a.v, b.v)}; }
MEANDER_INLINE V operator/(V a, V b) { return {_mm512_div_ps(a.v, b.v)}; }
MEANDER_INLINE V fma(V a, V b, V c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
MEANDER_INLINE V max(V a, V b) { return {_mm512_max_ps(a.v, b.v)}; }
MEANDER_INLINE V min(V a, V b) { return {_mm512_min_ps(a.v, b.v)}; }
MEANDER_INLINE V sqrt(V a) { return {_mm512_sqrt_ps(a.v)}; }
MEANDER_INLINE V abs(V a) { return {_mm512_abs_ps(a.v)}; }
MEANDER_INLINE V round(V a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
/** a < b ? x : y */
MEANDER_INLINE V ifLess(V a, V b, V x, V y) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ), y.v, x.v)};
}
/** 2^n for whole n in [−126, 127]. */
MEANDER_INLINE V exponential2(V n) {
  const __m512i i = _mm512_add_epi32(_mm512_cvtps_epi32(n.v), _mm512_set1_epi32(127));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(i, 23))};
}
/** One of 16 for each lane, by whole numbers in [0, 15]. */
struct Index {
  __m512i v;
};
MEANDER_INLINE Index indexOf(V n) { return {_mm512_cvtps_epi32(n.v)}; }
MEANDER_INLINE V pick(const float (&table)[16], Index i) {
  return {_mm512_permutexvar_ps(i.v, _mm512_load_ps(table))};
}
/** p·2^n for whole n; underflows to 0. */
MEANDER_INLINE V scaled(V p, V n) { return {_mm512_scalef_ps(p.v, n.v)}; }
/** Lanes whose word is at least `threshold` keep the value, the others become 0. */
MEANDER_INLINE V keep(V a, const uint32_t* words, uint32_t threshold) {
  const __mmask16 m =
      _mm512_cmpge_epu32_mask(_mm512_loadu_si512(words), _mm512_set1_epi32(static_cast<int>(threshold)));
  return {_mm512_maskz_mov_ps(m, a.v)};
}

#elif defined(MEANDER_AVX2)

constexpr int W = 8;
struct V {
  __m256 v;
};
MEANDER_INLINE __m256i firstLanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
MEANDER_INLINE V set(float x) { return {_mm256_set1_ps(x)}; }
MEANDER_INLINE V load(const float* p) { return {_mm256_loadu_ps(p)}; }
MEANDER_INLINE V load(const float* p, int n) { return {_mm256_maskload_ps(p, firstLanes(n))}; }
MEANDER_INLINE void store(float* p, V a) { _mm256_storeu_ps(p, a.v); }
MEANDER_INLINE void store(float* p, V a, int n) { _mm256_maskstore_ps(p, firstLanes(n), a.v); }
MEANDER_INLINE V operator+(V a, V b) { return {_mm256_add_ps(a.v, b.v)}; }
MEANDER_INLINE V operator-(V a, V b) { return {_mm256_sub_ps(a.v, b.v)}; }
MEANDER_INLINE V operator*(V a, V b) { return {_mm256_mul_ps(a.v, b.v)}; }
MEANDER_INLINE V operator/(V a, V b) { return {_mm256_div_ps(a.v, b.v)}; }
MEANDER_INLINE V fma(V a, V b, V c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
MEANDER_INLINE V max(V a, V b) { return {_mm256_max_ps(a.v, b.v)}; }
MEANDER_INLINE V min(V a, V b) { return {_mm256_min_ps(a.v, b.v)}; }
MEANDER_INLINE V sqrt(V a) { return {_mm256_sqrt_ps(a.v)}; }
MEANDER_INLINE V abs(V a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)}; }
MEANDER_INLINE V round(V a) { return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
MEANDER_INLINE V ifLess(V a, V b, V x, V y) {
  return {_mm256_blendv_ps(y.v, x.v, _mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ))};
}
MEANDER_INLINE V exponential2(V n) {
  const __m256i i = _mm256_add_epi32(_mm256_cvtps_epi32(n.v), _mm256_set1_epi32(127));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(i, 23))};
}
struct Index {
  __m256i v;
};
MEANDER_INLINE Index indexOf(V n) { return {_mm256_cvtps_epi32(n.v)}; }
MEANDER_INLINE V pick(const float (&table)[16], Index i) {
  const __m256 low = _mm256_permutevar8x32_ps(_mm256_load_ps(table), i.v);
  const __m256 high = _mm256_permutevar8x32_ps(_mm256_load_ps(table + 8), i.v);
  // Bit 3 of the number, moved to the sign, says which half.
  return {_mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(i.v, 28)))};
}
MEANDER_INLINE V scaled(V p, V n) { return p * exponential2(n); }
MEANDER_INLINE V keep(V a, const uint32_t* words, uint32_t threshold) {
  const __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words));
  const __m256i t = _mm256_set1_epi32(static_cast<int>(threshold));
  const __m256i m = _mm256_cmpeq_epi32(_mm256_max_epu32(w, t), w);
  return {_mm256_and_ps(a.v, _mm256_castsi256_ps(m))};
}

#elif defined(MEANDER_NEON)

constexpr int W = 4;
struct V {
  float32x4_t v;
};
MEANDER_INLINE V set(float x) { return {vdupq_n_f32(x)}; }
MEANDER_INLINE V load(const float* p) { return {vld1q_f32(p)}; }
MEANDER_INLINE V load(const float* p, int n) {
  float t[4] = {0, 0, 0, 0};
  for (int i = 0; i < n; i++) t[i] = p[i];
  return {vld1q_f32(t)};
}
MEANDER_INLINE void store(float* p, V a) { vst1q_f32(p, a.v); }
MEANDER_INLINE void store(float* p, V a, int n) {
  float t[4];
  vst1q_f32(t, a.v);
  for (int i = 0; i < n; i++) p[i] = t[i];
}
MEANDER_INLINE V operator+(V a, V b) { return {vaddq_f32(a.v, b.v)}; }
MEANDER_INLINE V operator-(V a, V b) { return {vsubq_f32(a.v, b.v)}; }
MEANDER_INLINE V operator*(V a, V b) { return {vmulq_f32(a.v, b.v)}; }
MEANDER_INLINE V operator/(V a, V b) { return {vdivq_f32(a.v, b.v)}; }
MEANDER_INLINE V fma(V a, V b, V c) { return {vfmaq_f32(c.v, a.v, b.v)}; }
MEANDER_INLINE V max(V a, V b) { return {vmaxq_f32(a.v, b.v)}; }
MEANDER_INLINE V min(V a, V b) { return {vminq_f32(a.v, b.v)}; }
MEANDER_INLINE V sqrt(V a) { return {vsqrtq_f32(a.v)}; }
MEANDER_INLINE V abs(V a) { return {vabsq_f32(a.v)}; }
MEANDER_INLINE V round(V a) { return {vrndnq_f32(a.v)}; }
MEANDER_INLINE V ifLess(V a, V b, V x, V y) { return {vbslq_f32(vcltq_f32(a.v, b.v), x.v, y.v)}; }
MEANDER_INLINE V exponential2(V n) {
  return {vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtnq_s32_f32(n.v), vdupq_n_s32(127)), 23))};
}
struct Index {
  int32_t v[4];
};
MEANDER_INLINE Index indexOf(V n) {
  Index i;
  vst1q_s32(i.v, vcvtnq_s32_f32(n.v));
  return i;
}
MEANDER_INLINE V pick(const float (&table)[16], Index i) {
  const float t[4] = {table[i.v[0]], table[i.v[1]], table[i.v[2]], table[i.v[3]]};
  return {vld1q_f32(t)};
}
MEANDER_INLINE V scaled(V p, V n) { return p * exponential2(n); }
MEANDER_INLINE V keep(V a, const uint32_t* words, uint32_t threshold) {
  const uint32x4_t m = vcgeq_u32(vld1q_u32(words), vdupq_n_u32(threshold));
  return {vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(a.v), m))};
}

#else

constexpr int W = 8;
struct V {
  float v[8];
};
#define MEANDER_LANES(expression) \
  V r;                            \
  for (int i = 0; i < 8; i++) r.v[i] = (expression); \
  return r
MEANDER_INLINE V set(float x) { MEANDER_LANES(x); }
MEANDER_INLINE V load(const float* p) { MEANDER_LANES(p[i]); }
MEANDER_INLINE V load(const float* p, int n) { MEANDER_LANES(i < n ? p[i] : 0.0f); }
MEANDER_INLINE void store(float* p, V a) {
  for (int i = 0; i < 8; i++) p[i] = a.v[i];
}
MEANDER_INLINE void store(float* p, V a, int n) {
  for (int i = 0; i < n; i++) p[i] = a.v[i];
}
MEANDER_INLINE V operator+(V a, V b) { MEANDER_LANES(a.v[i] + b.v[i]); }
MEANDER_INLINE V operator-(V a, V b) { MEANDER_LANES(a.v[i] - b.v[i]); }
MEANDER_INLINE V operator*(V a, V b) { MEANDER_LANES(a.v[i] * b.v[i]); }
MEANDER_INLINE V operator/(V a, V b) { MEANDER_LANES(a.v[i] / b.v[i]); }
/** Rounds twice: a fused multiply-add without hardware is a slow library call. */
MEANDER_INLINE V fma(V a, V b, V c) { MEANDER_LANES(a.v[i] * b.v[i] + c.v[i]); }
MEANDER_INLINE V max(V a, V b) { MEANDER_LANES(a.v[i] > b.v[i] ? a.v[i] : b.v[i]); }
MEANDER_INLINE V min(V a, V b) { MEANDER_LANES(a.v[i] < b.v[i] ? a.v[i] : b.v[i]); }
MEANDER_INLINE V sqrt(V a) { MEANDER_LANES(std::sqrt(a.v[i])); }
MEANDER_INLINE V abs(V a) { MEANDER_LANES(std::fabs(a.v[i])); }
/** Adding and taking away 1.5 · 2^23 rounds to nearest even for |a| < 2^22, which is all that exp needs. */
MEANDER_INLINE V round(V a) { MEANDER_LANES((a.v[i] + 12582912.0f) - 12582912.0f); }
MEANDER_INLINE V ifLess(V a, V b, V x, V y) { MEANDER_LANES(a.v[i] < b.v[i] ? x.v[i] : y.v[i]); }
MEANDER_INLINE V exponential2(V n) {
  V r;
  uint32_t bits[8];
  for (int i = 0; i < 8; i++) bits[i] = static_cast<uint32_t>(static_cast<int>(n.v[i]) + 127) << 23;
  std::memcpy(r.v, bits, sizeof bits);
  return r;
}
struct Index {
  int v[8];
};
MEANDER_INLINE Index indexOf(V n) {
  Index r;
  for (int i = 0; i < 8; i++) r.v[i] = static_cast<int>(n.v[i]);
  return r;
}
MEANDER_INLINE V pick(const float (&table)[16], Index at) { MEANDER_LANES(table[at.v[i]]); }
MEANDER_INLINE V scaled(V p, V n) { return p * exponential2(n); }
MEANDER_INLINE V keep(V a, const uint32_t* words, uint32_t threshold) {
  MEANDER_LANES(words[i] >= threshold ? a.v[i] : 0.0f);
}
#undef MEANDER_LANES

#endif

MEANDER_INLINE V zero() { return set(0.0f); }

#if defined(MEANDER_BF16)
// Matrix products of these families take bfloat16 operands in pairs: a word of 32 bits holds two neighbours along the
// axis that is summed over, the first in its lower half. Words lie in arrays of float, whose bits mean nothing else.
#if defined(MEANDER_AVX512)

struct P {
  __m512i v;
};
MEANDER_INLINE P loadPairs(const float* p) { return {_mm512_loadu_si512(p)}; }
MEANDER_INLINE P setPair(const float* p) { return {_mm512_castps_si512(_mm512_set1_ps(*p))}; }
MEANDER_INLINE void storePairs(float* p, P a) { _mm512_storeu_si512(p, a.v); }
/** acc + a.second·b.second + a.first·b.first in float32, rounded after each; values below 2^−126 count as zero. */
MEANDER_INLINE V dot(V acc, P a, P b) {
  return {_mm512_dpbf16_ps(acc.v, std::bit_cast<__m512bh>(a.v), std::bit_cast<__m512bh>(b.v))};
}
/** Word i holds first[i] and second[i], rounded to nearest even. */
MEANDER_INLINE P pairUp(V first, V second) {
  static constexpr uint16_t order[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                         8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const auto halves = std::bit_cast<__m512i>(_mm512_cvtne2ps_pbh(second.v, first.v));
  return {_mm512_permutexvar_epi16(_mm512_loadu_si512(order), halves)};
}
/** W words from 2·W neighbours, the lower half of which is `low`. */
MEANDER_INLINE P neighbours(V low, V high) { return {std::bit_cast<__m512i>(_mm512_cvtne2ps_pbh(high.v, low.v))}; }

#elif defined(MEANDER_NEON)

struct P {
  uint32x4_t v;
};
MEANDER_INLINE P loadPairs(const float* p) { return {vreinterpretq_u32_f32(vld1q_f32(p))}; }
MEANDER_INLINE P setPair(const float* p) { return {vreinterpretq_u32_f32(vld1q_dup_f32(p))}; }
MEANDER_INLINE void storePairs(float* p, P a) { vst1q_f32(p, vreinterpretq_f32_u32(a.v)); }
/** acc + (a.first·b.first + a.second·b.second), the sums rounded to odd where the processor does no better. */
MEANDER_INLINE V dot(V acc, P a, P b) {
  return {vbfdotq_f32(acc.v, vreinterpretq_bf16_u32(a.v), vreinterpretq_bf16_u32(b.v))};
}
MEANDER_INLINE P neighbours(V low, V high) {
  return {vreinterpretq_u32_bf16(vcvtq_high_bf16_f32(vcvtq_low_bf16_f32(low.v), high.v))};
}
MEANDER_INLINE P pairUp(V first, V second) {
  const uint16x8_t halves = vreinterpretq_u16_u32(neighbours(first, second).v);
  return {vreinterpretq_u32_u16(vzip1q_u16(halves, vextq_u16(halves, halves, 4)))};
}

#else

struct P {
  uint32_t v[8];
};
MEANDER_INLINE uint32_t bits(float x) {
  uint32_t b;
  std::memcpy(&b, &x, sizeof b);
  return b;
}
MEANDER_INLINE float fromBits(uint32_t b) {
  float x;
  std::memcpy(&x, &b, sizeof x);
  return x;
}
/** bfloat16 of x in the lower half: rounded to nearest even, NaN kept. */
MEANDER_INLINE uint32_t half(float x) {
  const uint32_t b = bits(x);
  return x != x ? (b >> 16 | 0x40u) : (b + 0x7fffu + (b >> 16 & 1u)) >> 16;
}
MEANDER_INLINE P loadPairs(const float* p) {
  P r;
  std::memcpy(r.v, p, sizeof r.v);
  return r;
}
MEANDER_INLINE P setPair(const float* p) {
  P r;
  for (auto& word : r.v) std::memcpy(&word, p, sizeof word);
  return r;
}
MEANDER_INLINE void storePairs(float* p, P a) { std::memcpy(p, a.v, sizeof a.v); }
MEANDER_INLINE V dot(V acc, P a, P b) {
  for (int i = 0; i < 8; i++) {
    acc.v[i] += fromBits(a.v[i] & 0xffff0000u) * fromBits(b.v[i] & 0xffff0000u);
    acc.v[i] += fromBits(a.v[i] << 16) * fromBits(b.v[i] << 16);
  }
  return acc;
}
MEANDER_INLINE P pairUp(V first, V second) {
  P r;
  for (int i = 0; i < 8; i++) r.v[i] = half(first.v[i]) | half(second.v[i]) << 16;
  return r;
}
MEANDER_INLINE P neighbours(V low, V high) {
  P r;
  for (int i = 0; i < 4; i++) {
    r.v[i] = half(low.v[2 * i]) | half(low.v[2 * i + 1]) << 16;
    r.v[i + 4] = half(high.v[2 * i]) | half(high.v[2 * i + 1]) << 16;
  }
  return r;
}

#endif
#endif

#if defined(MEANDER_BF16)
/** Every lane rounded to bfloat16: a word whose first half is zero is the float32 that its second half stands for. */
MEANDER_INLINE V rounded(V a) {
  alignas(64) float words[W];
  storePairs(words, pairUp(zero(), a));
  return load(words);
}
#endif

/** dst[j·dstStride + i] = src[i·srcStride + j] for i and j below 4; bits are kept whatever they mean. */
MEANDER_INLINE void transpose4(const float* src, int64_t srcStride, float* dst, int64_t dstStride) {
#if defined(MEANDER_AVX512) || defined(MEANDER_AVX2)
  __m128 a = _mm_loadu_ps(src), b = _mm_loadu_ps(src + srcStride);
  __m128 c = _mm_loadu_ps(src + 2 * srcStride), d = _mm_loadu_ps(src + 3 * srcStride);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_storeu_ps(dst, a);
  _mm_storeu_ps(dst + dstStride, b);
  _mm_storeu_ps(dst + 2 * dstStride, c);
  _mm_storeu_ps(dst + 3 * dstStride, d);
#else
  for (int j = 0; j < 4; j++)
    for (int i = 0; i < 4; i++) std::memcpy(dst + j * dstStride + i, src + i * srcStride + j, sizeof(float));
#endif
}

/** Asks for the cache line at `p`, where the processor can be asked. */
MEANDER_INLINE void prefetch(const float* p) {
#if defined(MEANDER_AVX512) || defined(MEANDER_AVX2)
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0);
#elif defined(__GNUC__)
  __builtin_prefetch(p);
#endif
}
constexpr int64_t lineFloats = 16;

/** 0, 1, … W − 1. */
MEANDER_INLINE V ramp() {
  static constexpr float numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return load(numbers);
}

/** Sum of the lanes, always in the same order: halves folded onto each other. */
MEANDER_INLINE float sum(V a) {
  alignas(64) float t[W];
  store(t, a);
  for (int h = W / 2; h > 0; h /= 2)
    for (int i = 0; i < h; i++) t[i] += t[i + h];
  return t[0];
}
MEANDER_INLINE float maximum(V a) {
  alignas(64) float t[W];
  store(t, a);
  for (int h = W / 2; h > 0; h /= 2)
    for (int i = 0; i < h; i++) t[i] = t[i] > t[i + h] ? t[i] : t[i + h];
  return t[0];
}

template <class T>
MEANDER_INLINE T least(T a, T b) {
  return a < b ? a : b;
}
template <class T>
MEANDER_INLINE T most(T a, T b) {
  return a > b ? a : b;
}
MEANDER_INLINE int64_t blocksOf(int64_t n, int64_t size) { return (n + size - 1) / size; }
MEANDER_INLINE int64_t roundUp(int64_t n, int64_t size) { return blocksOf(n, size) * size; }

}  // namespace meander::MEANDER_FAMILY
