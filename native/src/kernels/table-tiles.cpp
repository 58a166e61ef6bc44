// What a family on tiles does itself; in everything else it is the family whose vectors it shares (families.cpp).
#include "kernels/gemm.h"
#include "kernels/ops.h"

#define MEANDER_TEXT2(x) #x
#define MEANDER_TEXT(x) MEANDER_TEXT2(x)

namespace meander::MEANDER_FAMILY {

namespace {

constexpr Family make() {
  Family own{};
  own.name = MEANDER_TEXT(MEANDER_FAMILY);
#if defined(MEANDER_AMX)
  own.label = "AMX bfloat16";
#elif defined(MEANDER_AVX512)
  own.label = "AVX-512 around emulated AMX tiles, bfloat16";
  own.emulated = true;
#else
  own.label = "portable around emulated AMX tiles, bfloat16";
  own.emulated = true;
#endif
  own.mixed = true;
  own.kernels[opLinear] = linear;
  own.kernels[opLinearBackward] = linearBackward;
  own.kernels[opClassifierLoss] = classifierLoss;
  own.kernels[opClassifierLossTrain] = classifierLossTrain;
  own.kernels[opClassifierLogits] = classifierLogits;
  own.peak = peak;
  own.gemmRows = tileRows;
  own.gemmColumns = tileColumns;
  return own;
}

}  // namespace

extern const Family family;
const Family family = make();

}  // namespace meander::MEANDER_FAMILY
