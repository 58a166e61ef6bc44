// Matrix products on row-major float32 matrices, any of them transposed. Families of mixed precision round the operands
// to bfloat16 as they pack them; sums, epilogues and results are float32 everywhere.
#pragma once
#include "context.h"
#include "kernels/math.h"

namespace meander::MEANDER_FAMILY {

/** Element (i, j) is data[i·rowStride + j·columnStride]; one of the strides is 1. */
struct Matrix {
  const float* data;
  int64_t rowStride;
  int64_t columnStride;
};
MEANDER_INLINE Matrix plain(const float* data, int64_t columns) { return {data, columns, 1}; }
/** The transpose of a row-major matrix that has `columns` columns. */
MEANDER_INLINE Matrix transposed(const float* data, int64_t columns) { return {data, 1, columns}; }

/** What happens to each element of C after its sum is complete, in this order. Rows have C's stride. */
struct Epilogue {
  const float* bias = nullptr;
  /** Receives the value before the activation. */
  float* pre = nullptr;
  int activation = none;
  /** Multiplies by the slope of `gateActivation` at this value. */
  const float* gate = nullptr;
  int gateActivation = none;
};

struct GemmOptions {
  bool accumulate = false;
  Epilogue epilogue;
  /** Sums of B's columns over k (B row-major only), added when `addSums`: a bias gradient for free. */
  float* columnSums = nullptr;
  bool addSums = false;
  /** B is a parameter: its packed form may be kept with its store from one product to the next. */
  bool parameter = false;
};

/** C[M,N] (+)= A[M,K] · B[K,N], then the epilogue. C is row-major with stride ldc. */
void gemm(Context& context, int64_t M, int64_t N, int64_t K, Matrix a, Matrix b, float* c, int64_t ldc,
          const GemmOptions& options = {});

/** Values along k in one 32-bit word of a packed operand. */
#if defined(MEANDER_BF16)
constexpr int64_t perWord = 2;
#else
constexpr int64_t perWord = 1;
#endif

// Tile sizes, part of the numerics; the other block sizes follow from the caches (caches.h).
#if defined(MEANDER_TILES)
constexpr int tileRows = 32, tileVectors = 32 / W;
#elif defined(MEANDER_AVX512)
constexpr int tileRows = 8, tileVectors = 3;
#elif defined(MEANDER_AVX2)
constexpr int tileRows = 6, tileVectors = 2;
#elif defined(MEANDER_NEON) && defined(MEANDER_BF16)
constexpr int tileRows = 4, tileVectors = 3;
#elif defined(MEANDER_NEON)
constexpr int tileRows = 8, tileVectors = 3;
#else
constexpr int tileRows = 4, tileVectors = 1;
#endif
constexpr int tileColumns = tileVectors * W;

}  // namespace meander::MEANDER_FAMILY
