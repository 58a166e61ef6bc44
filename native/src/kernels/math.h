// exp and GELU on vectors, to about one unit in the last place of float32.
#pragma once
#include "kernels/gelu-tables.h"
#include "kernels/simd.h"

namespace meander::MEANDER_FAMILY {

/**
 * e^x: x = n·ln 2 + r with |r| ≤ ln 2 / 2, then the Taylor series of e^r to r^7 (error 6e-9).
 * Below −87 it is 0, above 88.7 it stays at e^88.
 */
MEANDER_INLINE V exponential(V x) {
  const V clamped = max(min(x, set(88.0f)), set(-87.0f));
  const V n = round(clamped * set(1.44269504088896341f));
  // ln 2 in two parts, the first exact in 15 bits, so that n times it is exact.
  V r = fma(n, set(-0.693145751953125f), clamped);
  r = fma(n, set(-1.42860682030941723e-6f), r);
  V p = set(1.0f / 5040);
  p = fma(p, r, set(1.0f / 720));
  p = fma(p, r, set(1.0f / 120));
  p = fma(p, r, set(1.0f / 24));
  p = fma(p, r, set(1.0f / 6));
  p = fma(p, r, set(0.5f));
  p = fma(p, r, set(1.0f));
  p = fma(p, r, set(1.0f));
  return ifLess(x, set(-87.0f), zero(), scaled(p, n));
}

enum Activation { none = 0, geluExact = 1, geluTanh = 2 };

/** 1 / (1 + e^(−2u)) with u = √(2/π)·(x + 0.044715 x³): ½(1 + tanh u) without its cancellation. */
MEANDER_INLINE V tanhGate(V x) {
  const V u = x * fma(x * x, set(2 * 0.79788456080286536f * 0.044715f), set(2 * 0.79788456080286536f));
  return set(1.0f) / (set(1.0f) + exponential(zero() - u));
}

MEANDER_INLINE V activate(V x, int activation) {
  if (activation == geluExact) {
    const V tail = lookUp(tailPieces, x);
    return x * ifLess(x, zero(), tail, set(1.0f) - tail);
  }
  if (activation == geluTanh) return x * tanhGate(x);
  return x;
}

/** Derivative of the activation at x. */
MEANDER_INLINE V slope(V x, int activation) {
  if (activation == geluExact) {
    const V tail = lookUp(slopePieces, x);
    return ifLess(x, zero(), tail, set(1.0f) - tail);
  }
  if (activation == geluTanh) {
    const V g = tanhGate(x);
    const V du = fma(x * x, set(6 * 0.79788456080286536f * 0.044715f), set(2 * 0.79788456080286536f));
    return fma(x * du * g, set(1.0f) - g, g);
  }
  return set(1.0f);
}

}  // namespace meander::MEANDER_FAMILY
