// One function per operation code; the operands of each are written at its definition.
#pragma once
#include "context.h"
#include "kernels/simd.h"

namespace meander::MEANDER_FAMILY {

/** The first n tensors of a call, for structured bindings; null where an optional one is absent. */
template <int n>
MEANDER_INLINE float* const (&operands(const Call& call))[n] {
  return *reinterpret_cast<float* const(*)[n]>(call.tensor);
}
template <int n>
MEANDER_INLINE const int64_t (&sizes(const Call& call))[n] {
  return *reinterpret_cast<const int64_t(*)[n]>(call.size);
}
MEANDER_INLINE const int32_t* integers(const float* tensor) { return reinterpret_cast<const int32_t*>(tensor); }

void embedding(Context&, const Call&);
void embeddingBackward(Context&, const Call&);
void layerNorm(Context&, const Call&);
void layerNormBackward(Context&, const Call&);
void linear(Context&, const Call&);
void linearBackward(Context&, const Call&);
void attention(Context&, const Call&);
void attentionBackward(Context&, const Call&);
void cachedAttention(Context&, const Call&);
void dropout(Context&, const Call&);
void classifierLoss(Context&, const Call&);
void classifierLossTrain(Context&, const Call&);
void classifierLogits(Context&, const Call&);
void lastPosition(Context&, const Call&);
void recordLoss(Context&, const Call&);
void adamw(Context&, const Call&);
void rmsNorm(Context&, const Call&);
void rmsNormBackward(Context&, const Call&);
void add(Context&, const Call&);
void swiglu(Context&, const Call&);
void swigluBackward(Context&, const Call&);
void rotary(Context&, const Call&);
void rotaryBackward(Context&, const Call&);
void linearRows(Context&, const Call&);
void linearRowsBackward(Context&, const Call&);
void scheduleFree(Context&, const Call&);

void vectorOperation(int which, float* target, const float* source, float scalar, int64_t n);
bool allFinite(const float* source, int64_t n);
double peak(int64_t rounds, float* sink);

void mergeMember(float* sum, const void* source, MergeType type, MergeStep step, float keep, float share, int64_t n);
uint32_t mergeResult(void* target, const float* sum, MergeType type, float divisor, int64_t n);
void mergeCheck(const void* bytes, int64_t words, uint32_t first, uint32_t sums[2]);

}  // namespace meander::MEANDER_FAMILY
