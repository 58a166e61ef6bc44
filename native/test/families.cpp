// Which family runs on which processor, what becomes of what cannot be had, and what is special to products on tiles.
#include "families.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "engine.h"
#include "harness.h"

namespace test {

using namespace meander;

namespace {

int requests = 0;
int grant() { return requests++, 0; }
int refuse() { return requests++, EPERM; }

std::string chosen(const Families& families, Precision precision) { return families.choose(nullptr, precision).name; }

#if defined(__aarch64__)
void checkArm() {
  Features has;
  check(chosen(Families(has, grant), Precision::mixed) == "neon", "families: float32 where there is no bfloat16");
  has.neonBf16 = true;
  const Families both(has, grant);
  check(chosen(both, Precision::mixed) == "neonbf16" && chosen(both, Precision::automatic) == "neon",
        "families: bfloat16 where it is asked for");
}
#endif

#if defined(__x86_64__)
void checkX64() {
  requests = 0;
  const Families old(Features{}, grant);
  check(chosen(old, Precision::float32) == "portable" && chosen(old, Precision::mixed) == "portable" &&
            chosen(old, Precision::automatic) == "portable",
        "families: without AVX2 the portable one");
  check(requests == 0 && old.note.empty(), "families: tiles are asked for only where there are some");
  std::string message;
  try {
    old.choose("avx2", Precision::float32);
  } catch (const std::runtime_error& error) {
    message = error.what();
  }
  check(message == "MEANDER_KERNELS=avx2 cannot run on this processor, which has portable, portablebf16, amxtwin",
        "families: a named one that cannot run is refused with what can: " + message);

  Features has;
  has.avx2 = true;
  check(chosen(Families(has, grant), Precision::mixed) == "avx2", "families: AVX2 has no mixed precision");
  has.avx512 = has.avx512bf16 = true;
  const Families intel(has, grant);
  check(chosen(intel, Precision::mixed) == "avx512bf16" && chosen(intel, Precision::automatic) == "avx512",
        "families: mixed where asked for, not by itself where it is no faster");
  has.fastBf16 = true;
  check(chosen(Families(has, grant), Precision::automatic) == "avx512bf16", "families: mixed where it is faster");

  has.fastBf16 = false;
  has.tiles = true;
  const Families refused(has, refuse);
  check(chosen(refused, Precision::mixed) == "avx512bf16" && chosen(refused, Precision::automatic) == "avx512",
        "families: the next best where the system refuses tiles");
  check(refused.note.find("AMX") != std::string::npos && refused.note.find(std::strerror(EPERM)) != std::string::npos,
        "families: and says so: " + refused.note);
#if defined(__linux__)
  const Families granted(has, grant);
  check(chosen(granted, Precision::mixed) == "amxbf16" && chosen(granted, Precision::automatic) == "amxbf16" &&
            chosen(granted, Precision::float32) == "avx512" && granted.note.empty(),
        "families: AMX where the system grants its tiles");
  const Family& amx = granted.choose("amxbf16", Precision::float32);
  bool whole = amx.vector && amx.allFinite && amx.peak;
  for (const Kernel kernel : amx.kernels) whole = whole && kernel;
  check(whole, "families: AMX has every operation");
#endif
}
#endif

/** An arena that cannot be had is an error of the next wait; what was enqueued meanwhile touches nothing. */
void checkNoMemory() {
  Engine engine(2, chooseFamily(nullptr, Precision::float32));
  engine.reserve(size_t{1} << 46);
  const double numbers[] = {opDropout, 2, arenaSlot, 0, arenaSlot, 64, 3, 64, 1, 0, 1, 0.5};
  engine.run(std::make_shared<const Program>(numbers, std::size(numbers)), nullptr, {}, {});
  std::string error;
  for (const char* wanted : {"67108864 MB of memory are not to be had", ""}) {
    std::atomic<bool> done{false};
    engine.drain([&](std::string said) {
      error = std::move(said);
      done = true;
      done.notify_all();
    });
    done.wait(false);
    check(error.find(wanted) == 0 && error.empty() == !*wanted, std::string("memory: an arena of 64 TB: ") + error);
  }
}

}  // namespace

void checkChoice() {
#if defined(__x86_64__)
  checkX64();
#elif defined(__aarch64__)
  checkArm();
#endif
  checkNoMemory();
}

void checkTiles(const Family& family) {
  if (family.gemmRows != 32) return;
  const std::string label = std::string(family.name) + ":";
  // Sums run from end to end wherever they are cut, so caches and threads change no bits, bias gradients included.
  const int64_t M = 800, K = 37, N = 800;
  const Floats x = noise(M * K, 21), w = noise(K * N, 22), dy = noise(M * N, 23);
  Floats first;
  for (const Caches& caches : {Caches{64 << 10, 64 << 10, 8 << 10}, Caches{2 << 20, 32 << 20, 48 << 10}})
    for (const int threads : {1, 3}) {
      Pool pool(threads);
      Context context(pool, caches);
      Floats dx(M * K), dw(K * N, 1.0f), db(N, 2.0f);
      call(context, family, opLinearBackward, {&x, &w, &dy, nullptr, &dx, &dw, &db, nullptr}, {M, K, N, 0, 0, 2, 2, 0});
      Floats all = dx;
      all.insert(all.end(), dw.begin(), dw.end());
      all.insert(all.end(), db.begin(), db.end());
      if (first.empty()) first = all;
      check(std::memcmp(all.data(), first.data(), all.size() * sizeof(float)) == 0, label + " bits at other blocks");
    }
}

}  // namespace test
