// A small harness: named checks, noise, and comparison with naive loops in float64.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "context.h"

namespace test {

using Floats = std::vector<float>;

/** Records one check; prints it only when it fails. */
void check(bool passed, const std::string& name);
/** ‖a − b‖ / ‖b‖ at most `tolerance`. */
void close(const Floats& a, const std::vector<double>& b, double tolerance, const std::string& name);
/** Reproducible values in [−scale, scale]. */
Floats noise(int64_t count, uint32_t seed, float scale = 1);
/** Runs one kernel on vectors; null pointers stay null. */
void call(meander::Context& context, const meander::Family& family, meander::OpCode code,
          const std::vector<const Floats*>& tensors, const std::vector<int64_t>& sizes,
          const std::vector<double>& numbers = {});

/** Every check of one family with one number of threads. */
void checkFamily(const meander::Family& family, int threads);
/** Checks that no family is involved in: pool, memory, program. */
void checkCore();
/** Which family is chosen where, and memory that is not to be had. */
void checkChoice();
/** What only families on tiles promise. */
void checkTiles(const meander::Family& family);
/**
 * Prints GFLOP per second of processor time beside the peak measured in the same way. `only`: linear, attention,
 * classifier or norm; null for all.
 */
void printSpeed(const meander::Family& family, const char* only);

}  // namespace test
