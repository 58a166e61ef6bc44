// This family's entry: which function does which operation.
#include "kernels/gemm.h"
#include "kernels/ops.h"

#define MEANDER_TEXT2(x) #x
#define MEANDER_TEXT(x) MEANDER_TEXT2(x)

namespace meander::MEANDER_FAMILY {

extern const Family family;
const Family family = {
    MEANDER_TEXT(MEANDER_FAMILY),
#if defined(MEANDER_AVX512) && defined(MEANDER_BF16)
    "AVX-512 bfloat16",
    true,
#elif defined(MEANDER_NEON) && defined(MEANDER_BF16)
    "NEON bfloat16",
    true,
#elif defined(MEANDER_BF16)
    "portable bfloat16",
    true,
#elif defined(MEANDER_AVX512)
    "AVX-512 float32",
    false,
#elif defined(MEANDER_AVX2)
    "AVX2 float32",
    false,
#elif defined(MEANDER_NEON)
    "NEON float32",
    false,
#else
    "portable float32",
    false,
#endif
    {embedding, embeddingBackward, layerNorm, layerNormBackward, linear, linearBackward, attention, attentionBackward,
     cachedAttention, dropout, classifierLoss, classifierLossTrain, classifierLogits, lastPosition, recordLoss, adamw,
     rmsNorm, rmsNormBackward, add, swiglu, swigluBackward, rotary, rotaryBackward, linearRows, linearRowsBackward,
     scheduleFree},
    vectorOperation,
    allFinite,
    peak,
    tileRows,
    tileColumns,
#if defined(MEANDER_BF16) && defined(MEANDER_PORTABLE)
    true,
#else
    false,
#endif
    {mergeMember, mergeResult, mergeCheck},
};

}  // namespace meander::MEANDER_FAMILY
