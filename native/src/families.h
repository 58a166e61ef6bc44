// Which kernel families run: what the processor has, and what the system lets this process use of it.
#pragma once
#include <string>
#include <vector>

#include "context.h"

namespace meander {

/** What the processor has and, tiles apart, the system saves on a task switch. */
struct Features {
  bool avx2 = false, avx512 = false, avx512bf16 = false;
  /** Whether bfloat16 products run at twice the rate of float32: AMD's do, Intel's without AMX run at half of it. */
  bool fastBf16 = false;
  /** AMX's tiles and their bfloat16 products, which a process has to ask the system for. */
  bool tiles = false;
  /** Arm's bfloat16 dot products. */
  bool neonBf16 = false;

  static Features here();
};

/** Asks the system to let this process and its threads use AMX's tiles; 0, or the error's number. */
int requestTiles();

struct Families {
  /** Those of float32 first, each precision's best first. */
  std::vector<const Family*> all;
  /** What the processor has and cannot be used, in words; empty where there is no such thing. */
  std::string note;
  bool fastBf16 = false;

  /** `request` is asked only where there are tiles. */
  Families(const Features& has, int (*request)());
  /** This processor's, worked out once. */
  static const Families& here();
  /** As chooseFamily says. */
  const Family& choose(const char* wanted, Precision precision) const;
};

}  // namespace meander
