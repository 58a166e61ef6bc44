#pragma once

#if defined(__x86_64__) || defined(_M_X64)
#define MEANDER_X64 1
#if defined(_MSC_VER)
#include <intrin.h>
#else
#include <cpuid.h>
#endif

namespace meander {

/** What the processor says of itself: eax, ebx, ecx and edx. */
inline void cpuid(unsigned leaf, unsigned sub, unsigned out[4]) {
#if defined(_MSC_VER)
  __cpuidex(reinterpret_cast<int*>(out), static_cast<int>(leaf), static_cast<int>(sub));
#else
  __cpuid_count(leaf, sub, out[0], out[1], out[2], out[3]);
#endif
}

}  // namespace meander
#endif
