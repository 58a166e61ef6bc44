#include "program.h"

#include <stdexcept>

namespace meander {

namespace {

/** Reads whole numbers and counts from the flat list, every one checked. */
class Reader {
 public:
  Reader(const double* numbers, size_t count) : at_(numbers), end_(numbers + count) {}
  bool done() const { return at_ == end_; }
  double real() {
    if (at_ == end_) throw std::runtime_error("the native program ends in the middle of an operation");
    return *at_++;
  }
  int64_t whole() {
    const double x = real();
    if (!(x >= -1 && x <= 9007199254740991.0)) throw std::runtime_error("the native program holds a wrong number");
    return static_cast<int64_t>(x);
  }
  size_t count() {
    const int64_t n = whole();
    if (n < 0 || n > end_ - at_) throw std::runtime_error("the native program holds a wrong count");
    return static_cast<size_t>(n);
  }

 private:
  const double* at_;
  const double* end_;
};

}  // namespace

Program::Program(const double* numbers, size_t count) {
  Reader reader(numbers, count);
  while (!reader.done()) {
    Operation op;
    const int64_t code = reader.whole();
    if (code < 0 || code >= opCount) throw std::runtime_error("the native program holds an unknown operation");
    op.code = static_cast<int>(code);
    for (size_t n = reader.count(); n > 0; n--) {
      const int64_t slot = reader.whole();
      op.tensors.push_back({slot, reader.whole()});
      if (slot >= slots_) slots_ = slot + 1;
    }
    for (size_t n = reader.count(); n > 0; n--) op.sizes.push_back(reader.whole());
    for (size_t n = reader.count(); n > 0; n--) op.numbers.push_back(reader.real());
    operations_.push_back(std::move(op));
  }
}

void Program::run(const Family& family, Context& context, float* const* bases) const {
  std::vector<float*> tensors;
  for (const Operation& op : operations_) {
    tensors.clear();
    for (const Operand& t : op.tensors) tensors.push_back(t.slot < 0 ? nullptr : bases[t.slot] + t.offset);
    context.operation(op.code);
    family.kernels[op.code](context, {tensors.data(), op.sizes.data(), op.numbers.data()});
    if (context.failed()) break;
  }
  context.operation(-1);
}

}  // namespace meander
