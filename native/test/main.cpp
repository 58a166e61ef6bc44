// kernel-tests [--best NAME] [family …]: the named kernel families against naive loops, without names every one of this
// processor; with --best a check that NAME is what it would choose. With --speed [family [group]], how fast they are.
#include <cstdio>
#include <cstring>

#include "harness.h"

namespace {
int passed = 0, failed = 0;
}

void test::check(bool ok, const std::string& name) {
  if (ok) {
    passed++;
    return;
  }
  failed++;
  std::printf("FAILED %s\n", name.c_str());
}

int main(int argc, char** argv) {
  int count = 0;
  const meander::Family* const* all = meander::families(count);
  if (argc > 1 && std::strcmp(argv[1], "--speed") == 0) {
    for (int i = 0; i < count; i++)
      if (argc < 3 || std::strcmp(argv[2], all[i]->name) == 0) test::printSpeed(*all[i], argc < 4 ? nullptr : argv[3]);
    return 0;
  }
  int first = 1;
  if (argc > 2 && std::strcmp(argv[1], "--best") == 0) {
    const char* const best = meander::chooseFamily(nullptr, meander::Precision::automatic).name;
    test::check(std::strcmp(best, argv[2]) == 0, std::string("the best family is ") + best);
    first = 3;
  }
  test::checkCore();
  test::checkChoice();
  const auto wanted = [&](const char* name) {
    for (int i = first; i < argc; i++)
      if (std::strcmp(argv[i], name) == 0) return true;
    return argc <= first;
  };
  for (int i = 0; i < count; i++) {
    if (!wanted(all[i]->name)) continue;
    for (const int threads : {1, 3}) test::checkFamily(*all[i], threads);
    test::checkTiles(*all[i]);
  }
  std::printf("kernel-tests: %d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
