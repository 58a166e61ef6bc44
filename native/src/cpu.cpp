#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "context.h"
#include "x64.h"

#if defined(__linux__)
#include <sched.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace meander {

namespace portable {
extern const Family family;
}
namespace portablebf16 {
extern const Family family;
}
#if defined(MEANDER_X64)
namespace avx512 {
extern const Family family;
}
namespace avx2 {
extern const Family family;
}
namespace avx512bf16 {
extern const Family family;
}
#elif defined(__aarch64__)
namespace neon {
extern const Family family;
}
#endif

namespace {

#if defined(MEANDER_X64)
uint64_t enabledStates() {
#if defined(_MSC_VER)
  return _xgetbv(0);
#else
  unsigned low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
#endif
}

struct Features {
  bool avx2 = false, avx512 = false, avx512bf16 = false;
  /** Whether bfloat16 products run at twice the rate of float32: AMD's do, Intel's without AMX run at half of it. */
  bool fastBf16 = false;
};

/** What both the processor has and the system saves on a task switch. */
Features features() {
  Features found;
  unsigned r[4];
  cpuid(0, 0, r);
  if (r[0] < 7) return found;
  const bool amd = r[1] == 0x68747541u;  // "Auth", the beginning of AuthenticAMD.
  cpuid(1, 0, r);
  const bool osxsave = r[2] >> 27 & 1, avx = r[2] >> 28 & 1, fma = r[2] >> 12 & 1;
  if (!osxsave || !avx) return found;
  const uint64_t states = enabledStates();
  cpuid(7, 0, r);
  const unsigned subleaves = r[0];
  found.avx2 = (r[1] >> 5 & 1) && fma && (states & 0x06) == 0x06;
  found.avx512 = found.avx2 && (r[1] >> 16 & 1) && (r[1] >> 17 & 1) && (r[1] >> 30 & 1) && (r[1] >> 31 & 1) &&
                 (states & 0xe6) == 0xe6;
  if (found.avx512 && subleaves >= 1) {
    cpuid(7, 1, r);
    found.avx512bf16 = r[0] >> 5 & 1;
  }
  found.fastBf16 = found.avx512bf16 && amd;
  return found;
}
#endif

}  // namespace

const Family* const* families(int& count) {
  static const Family* found[8];
  static const int n = [] {
    int i = 0;
#if defined(MEANDER_X64)
    const Features has = features();
    if (has.avx512) found[i++] = &avx512::family;
    if (has.avx2) found[i++] = &avx2::family;
#elif defined(__aarch64__)
    found[i++] = &neon::family;
#endif
    found[i++] = &portable::family;
#if defined(MEANDER_X64)
    if (has.avx512bf16) found[i++] = &avx512bf16::family;
#endif
    found[i++] = &portablebf16::family;
    return i;
  }();
  count = n;
  return found;
}

const Family& chooseFamily(const char* wanted, Precision precision) {
  int count;
  const Family* const* all = families(count);
  if (!wanted || !*wanted) {
#if defined(MEANDER_X64)
    static const Features has = features();
    if (precision == Precision::automatic && has.fastBf16) precision = Precision::mixed;
    if (precision == Precision::mixed && has.avx512bf16) return avx512bf16::family;
#endif
    return *all[0];
  }
  std::string known;
  for (int i = 0; i < count; i++) {
    if (std::strcmp(all[i]->name, wanted) == 0) return *all[i];
    known += (i ? ", " : "") + std::string(all[i]->name);
  }
  throw std::runtime_error("MEANDER_KERNELS=" + std::string(wanted) + " cannot run on this processor, which has " + known);
}

std::string processorName() {
#if defined(MEANDER_X64)
  unsigned r[4];
  cpuid(0x80000000u, 0, r);
  if (r[0] >= 0x80000004u) {
    char text[49] = {};
    for (unsigned i = 0; i < 3; i++) {
      cpuid(0x80000002u + i, 0, r);
      std::memcpy(text + 16 * i, r, 16);
    }
    std::string name = text;
    name.erase(0, std::min(name.find_first_not_of(' '), name.size()));
    while (!name.empty() && name.back() == ' ') name.pop_back();
    if (!name.empty()) return name;
  }
  return "x86-64 processor";
#elif defined(__APPLE__)
  char text[128] = {};
  size_t size = sizeof text - 1;
  if (sysctlbyname("machdep.cpu.brand_string", text, &size, nullptr, 0) == 0 && *text) return text;
  return "Apple processor";
#else
  return "processor";
#endif
}

int physicalCores() {
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    std::set<std::pair<int, int>> cores;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
      if (!CPU_ISSET(cpu, &allowed)) continue;
      const auto number = [cpu](const char* what) {
        const std::string path = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/" + what;
        int value = -1;
        if (std::FILE* file = std::fopen(path.c_str(), "r")) {
          if (std::fscanf(file, "%d", &value) != 1) value = -1;
          std::fclose(file);
        }
        return value;
      };
      const int core = number("core_id");
      cores.insert({number("physical_package_id"), core < 0 ? cpu : core});
    }
    if (!cores.empty()) return static_cast<int>(cores.size());
  }
#elif defined(__APPLE__)
  int count = 0;
  size_t size = sizeof count;
  if (sysctlbyname("hw.perflevel0.physicalcpu", &count, &size, nullptr, 0) == 0 && count > 0) return count;
  if (sysctlbyname("hw.physicalcpu", &count, &size, nullptr, 0) == 0 && count > 0) return count;
#endif
  const unsigned logical = std::thread::hardware_concurrency();
  return logical ? static_cast<int>(logical) : 1;
}

}  // namespace meander
