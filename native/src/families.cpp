#include "families.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "x64.h"

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace meander {

#define MEANDER_DECLARE(name) \
  namespace name {            \
  extern const Family family; \
  }
MEANDER_DECLARE(portable)
MEANDER_DECLARE(portablebf16)
MEANDER_DECLARE(amxtwin)
#if defined(MEANDER_X64)
MEANDER_DECLARE(avx512)
MEANDER_DECLARE(avx2)
MEANDER_DECLARE(avx512bf16)
MEANDER_DECLARE(amxtwin512)
#if defined(__linux__)
MEANDER_DECLARE(amxbf16)
#endif
#elif defined(__aarch64__)
MEANDER_DECLARE(neon)
#if !defined(_MSC_VER)
MEANDER_DECLARE(neonbf16)
#endif
#endif
#undef MEANDER_DECLARE

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
#endif

/** A family on tiles: its own operations, and those of the family that its vectors are of. */
Family on(const Family& tiles, const Family& vectors) {
  Family whole = tiles;
  for (int op = 0; op < opCount; op++)
    if (!whole.kernels[op]) whole.kernels[op] = vectors.kernels[op];
  whole.vector = vectors.vector;
  whole.allFinite = vectors.allFinite;
  return whole;
}

}  // namespace

Features Features::here() {
  Features found;
#if defined(MEANDER_X64)
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
#if defined(__linux__)
  const bool tiles = (r[3] >> 22 & 1) && (r[3] >> 24 & 1);  // AMX-BF16 and AMX-TILE.
#else
  const bool tiles = false;  // How to ask for them is written for Linux only.
#endif
  if (found.avx512 && subleaves >= 1) {
    cpuid(7, 1, r);
    found.avx512bf16 = r[0] >> 5 & 1;
  }
  found.fastBf16 = found.avx512bf16 && amd;
  found.tiles = tiles && found.avx512bf16;
#elif defined(__aarch64__) && defined(__linux__)
  constexpr unsigned long bf16 = 1ul << 14;  // HWCAP2_BF16.
  found.neonBf16 = getauxval(AT_HWCAP2) & bf16;
#elif defined(__aarch64__) && defined(__APPLE__)
  int yes = 0;
  size_t size = sizeof yes;
  found.neonBf16 = sysctlbyname("hw.optional.arm.FEAT_BF16", &yes, &size, nullptr, 0) == 0 && yes;
#endif
  return found;
}

int requestTiles() {
#if defined(MEANDER_X64) && defined(__linux__)
  // Both parts of the tiles' state: a system that knows no AMX does not save them.
  if ((enabledStates() >> 17 & 3) != 3) return ENOTSUP;
  constexpr int askForState = 0x1023, tileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA.
  return syscall(SYS_arch_prctl, askForState, tileData) == 0 ? 0 : errno;
#else
  return ENOSYS;
#endif
}

Families::Families(const Features& has, int (*request)()) : fastBf16(has.fastBf16) {
  bool tiles = false;
#if defined(MEANDER_X64)
  if (has.tiles) {
    const int error = request();
    tiles = error == 0;
    if (!tiles)
      note = std::string("this processor has AMX, but the system does not let this process use it (") +
             std::strerror(error) + "), so the next best kernels are used";
  }
  if (has.avx512) all.push_back(&avx512::family);
  if (has.avx2) all.push_back(&avx2::family);
#elif defined(__aarch64__)
  all.push_back(&neon::family);
#endif
  all.push_back(&portable::family);
#if defined(MEANDER_X64)
#if defined(__linux__)
  static const Family amx = on(amxbf16::family, avx512bf16::family);
  if (tiles) all.push_back(&amx);
#endif
  static const Family wideTwin = on(amxtwin512::family, avx512bf16::family);
  if (has.avx512bf16) {
    all.push_back(&avx512bf16::family);
    all.push_back(&wideTwin);
  }
#elif defined(__aarch64__) && !defined(_MSC_VER)
  if (has.neonBf16) all.push_back(&neonbf16::family);
#endif
  static const Family twin = on(amxtwin::family, portablebf16::family);
  all.push_back(&portablebf16::family);
  all.push_back(&twin);
  fastBf16 = fastBf16 || tiles;
}

const Families& Families::here() {
  static const Families known(Features::here(), requestTiles);
  return known;
}

const Family& Families::choose(const char* wanted, Precision precision) const {
  if (!wanted || !*wanted) {
    const bool mixed = precision == Precision::mixed || (precision == Precision::automatic && fastBf16);
    for (const Family* family : all)
      if (mixed && family->mixed && !family->emulated) return *family;
    return *all.front();
  }
  std::string known;
  for (const Family* family : all) {
    if (std::strcmp(family->name, wanted) == 0) return *family;
    known += (known.empty() ? "" : ", ") + std::string(family->name);
  }
  throw std::runtime_error("MEANDER_KERNELS=" + std::string(wanted) + " cannot run on this processor, which has " +
                           known + (note.empty() ? "" : "; " + note));
}

const Family* const* families(int& count) {
  const Families& here = Families::here();
  count = static_cast<int>(here.all.size());
  return here.all.data();
}

const std::string& familiesNote() { return Families::here().note; }

const Family& chooseFamily(const char* wanted, Precision precision) { return Families::here().choose(wanted, precision); }

}  // namespace meander
