#include <algorithm>
#include <cstdio>
#include <cstring>
#include <set>
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
