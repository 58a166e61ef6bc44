#include "caches.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "x64.h"

#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace meander {

namespace {

constexpr int64_t kilobyte = 1024;

/** Sizes by level, 0 where the system does not say. */
struct Found {
  int64_t level[5] = {};
  void add(int level, int64_t bytes) {
    if (level >= 1 && level <= 4) this->level[level] = std::max(this->level[level], bytes);
  }
};

#if defined(MEANDER_X64)
/** What the processor says of its caches; nothing where its cores differ, since the answer would be this core's. */
Found ask() {
  Found found;
  unsigned r[4];
  cpuid(0, 0, r);
  const unsigned highest = r[0];
  const bool amd = r[1] == 0x68747541u;
  if (highest >= 7) {
    cpuid(7, 0, r);
    if (r[3] >> 15 & 1) return found;
  }
  cpuid(0x80000000u, 0, r);
  const unsigned leaf = amd ? 0x8000001du : 4u;
  if ((amd ? r[0] : highest) < leaf) return found;
  for (unsigned i = 0; i < 16; i++) {
    cpuid(leaf, i, r);
    const unsigned type = r[0] & 31;
    if (type == 0) break;
    if (type == 2) continue;  // Instructions.
    const int64_t ways = (r[1] >> 22) + 1, partitions = (r[1] >> 12 & 1023) + 1, line = (r[1] & 4095) + 1;
    found.add(r[0] >> 5 & 7, ways * partitions * line * (int64_t{r[2]} + 1));
  }
  return found;
}
#elif defined(__APPLE__)
Found ask() {
  Found found;
  const auto read = [&](int level, const char* name) {
    int64_t bytes = 0;
    size_t size = sizeof bytes;
    if (sysctlbyname(name, &bytes, &size, nullptr, 0) == 0) found.add(level, bytes);
  };
  read(1, "hw.perflevel0.l1dcachesize");
  read(2, "hw.perflevel0.l2cachesize");
  return found;
}
#else
Found ask() {
  Found found;
  for (int i = 0; i < 8; i++) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(i) + "/";
    const auto read = [&](const char* what, char (&text)[32]) {
      std::FILE* file = std::fopen((folder + what).c_str(), "r");
      if (!file) return false;
      const bool got = std::fscanf(file, "%31s", text) == 1;
      std::fclose(file);
      return got;
    };
    char level[32], type[32], size[32];
    long long kilobytes = 0;
    if (!read("level", level) || !read("type", type) || !read("size", size)) continue;
    if (type[0] != 'I' && std::sscanf(size, "%lldK", &kilobytes) == 1)
      found.add(level[0] - '0', kilobytes * kilobyte);
  }
  return found;
}
#endif

}  // namespace

Caches Caches::here() {
  static const Caches known = [] {
    const Found found = ask();
    Caches caches;
    if (found.level[1] > 0) caches.first = found.level[1];
    if (found.level[2] > 0) {
      caches.second = found.level[2];
      caches.last = std::max({found.level[2], found.level[3], found.level[4]});
    }
    return caches;
  }();
  return known;
}

Blocks::Blocks(const Caches& caches) {
  // One panel of B, at most this many bytes a word wide, stays in the second level beside A's rows and C.
  constexpr int64_t panelBytes = 192, panelShare = 12, step = 128;
  depth = std::clamp(caches.second / panelShare / panelBytes / step * step, step, 6 * step);
  // A task's rows of A, over as many depths, take half of it.
  reach = std::max(caches.second / 2 / (taskRows * 4) / depth, int64_t{1}) * depth;
  packed = std::clamp(caches.last / 2 / 4, int64_t{1} << 19, int64_t{8} << 20);
}

TileBlocks::TileBlocks(const Caches& caches) : packed(Blocks(caches).packed) {
  constexpr int64_t pairBytes = 2048, pairRows = 32;
  steps = std::clamp(caches.first / pairBytes, int64_t{4}, int64_t{48});
  rows = std::max(caches.second * 3 / 8 / (steps * pairBytes), int64_t{1}) * pairRows;
}

}  // namespace meander
