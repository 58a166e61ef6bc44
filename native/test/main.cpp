// kernel-tests: every kernel family of this processor against naive loops. With --speed [family [group]], how fast they are.
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
  test::checkCore();
  for (int i = 0; i < count; i++)
    for (const int threads : {1, 3}) test::checkFamily(*all[i], threads);
  std::printf("kernel-tests: %d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
