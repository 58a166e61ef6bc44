// The Node-API door to merges of files. Like addon.cpp it checks arguments and holds no logic.
#include <node_api.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "context.h"
#include "merge.h"

namespace meander {

namespace {

constexpr napi_type_tag tag = {0x6d65616e64657231, 0x6d65726765000004};

[[noreturn]] void reject(const char* message) { throw std::runtime_error(std::string("native merge: ") + message); }
void check(napi_status status, const char* what) {
  if (status != napi_ok) reject(what);
}

struct Handle {
  std::unique_ptr<FileMerge> merge;
  bool busy = false;
};

/** The numbers of a plan, one after the other; every one is checked against what it may be. */
class Numbers {
 public:
  Numbers(const double* data, size_t count) : data_(data), left_(count) {}
  int64_t whole(int64_t limit) {
    const double x = next();
    if (!(x >= 0 && x < static_cast<double>(limit)) || x != static_cast<double>(static_cast<int64_t>(x)))
      reject("a number of the plan is out of range");
    return static_cast<int64_t>(x);
  }
  double next() {
    if (left_ == 0) reject("the plan is too short");
    left_--;
    return *data_++;
  }
  bool done() const { return left_ == 0; }

 private:
  const double* data_;
  size_t left_;
};

constexpr int64_t most = int64_t{1} << 53;
constexpr int64_t mostParts = 1 << 20;

/** One run under way. */
struct Run {
  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
  napi_ref owner = nullptr;
  Handle* handle = nullptr;
  std::vector<MergeWindow> windows;
  std::vector<MergePart> parts;
  MergeOutcome outcome;
  std::string error, path, code;
};

const char* nameOf(int code) {
  switch (code) {
    case 0:
      return "EENDED";
    case ENOSPC:
      return "ENOSPC";
    case EACCES:
      return "EACCES";
    case EPERM:
      return "EPERM";
    case EROFS:
      return "EROFS";
    case ENOENT:
      return "ENOENT";
#if defined(EDQUOT)
    case EDQUOT:
      return "EDQUOT";
#endif
    default:
      return "EIO";
  }
}

napi_value text(napi_env env, const std::string& s) {
  napi_value value;
  check(napi_create_string_utf8(env, s.data(), s.size(), &value), "no text could be made");
  return value;
}

/** An Error with what the system said, as Node's own have it. */
napi_value fileError(napi_env env, const std::string& message, const std::string& path, const std::string& code) {
  napi_value error;
  check(napi_create_error(env, code.empty() ? nullptr : text(env, code), text(env, message), &error), "no error");
  if (!path.empty()) check(napi_set_named_property(env, error, "path", text(env, path)), "no error");
  return error;
}

std::vector<std::string> textsOf(napi_env env, napi_value list) {
  uint32_t length = 0;
  check(napi_get_array_length(env, list, &length), "a list of paths was expected");
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    size_t size = 0;
    check(napi_get_element(env, list, i, &element), "a path was expected");
    check(napi_get_value_string_utf8(env, element, nullptr, 0, &size), "a path was expected");
    std::string one(size, '\0');
    check(napi_get_value_string_utf8(env, element, one.data(), size + 1, &size), "a path was expected");
    texts.push_back(std::move(one));
  }
  return texts;
}

Handle& handleOf(napi_env env, napi_value value) {
  void* data = nullptr;
  bool same = false;
  if (napi_check_object_type_tag(env, value, &tag, &same) != napi_ok || !same) reject("a handle was expected");
  check(napi_get_value_external(env, value, &data), "a handle was expected");
  return *static_cast<Handle*>(data);
}

/** mergeOpen(paths, how many of them are written, threads) → merge */
napi_value open(napi_env env, napi_value* in) {
  int32_t written = 0, threads = 0;
  check(napi_get_value_int32(env, in[1], &written), "a number was expected");
  check(napi_get_value_int32(env, in[2], &threads), "a number was expected");
  if (threads < 1 || threads > 1024) reject("it takes 1 to 1024 threads");
  auto handle = std::make_unique<Handle>();
  // An empty name is as good as none.
  const char* const wanted = std::getenv("MEANDER_KERNELS");
  handle->merge =
      std::make_unique<FileMerge>(textsOf(env, in[0]), written, threads, chooseFamily(wanted, Precision::float32));
  napi_value value;
  const auto collect = [](napi_env, void* data, void*) { delete static_cast<Handle*>(data); };
  check(napi_create_external(env, handle.get(), collect, nullptr, &value), "no handle could be made");
  handle.release();
  check(napi_type_tag_object(env, value, &tag), "no handle could be marked");
  return value;
}

/** mergeClose(merge): files are closed; not while a run is under way. */
napi_value close(napi_env env, napi_value* in) {
  Handle& handle = handleOf(env, in[0]);
  if (handle.busy) reject("it is at work");
  handle.merge.reset();
  return nullptr;
}

/**
 * The plan of a run: windows W, inputs I, parts P; for each window its kind, members M, M places of inputs, then no
 * factors (uniform), M (shares) or 2 (ema); for each part type read, type written, elements, number of its first word,
 * then I and W pairs of file and position.
 */
void parse(Numbers in, int64_t files, Run& run) {
  const int64_t windows = in.whole(mostParts), inputs = in.whole(mostParts), parts = in.whole(mostParts);
  for (int64_t w = 0; w < windows; w++) {
    MergeWindow window{static_cast<MergeWindow::Kind>(in.whole(3)), {}, {}};
    const int64_t members = in.whole(inputs + 1);
    for (int64_t m = 0; m < members; m++) {
      window.members.push_back(static_cast<int>(in.whole(inputs)));
      if (m > 0 && window.members[m] <= window.members[m - 1]) reject("members are not in order");
    }
    const int64_t factors = window.kind == MergeWindow::shares ? members : window.kind == MergeWindow::ema ? 2 : 0;
    for (int64_t f = 0; f < factors; f++) window.factors.push_back(static_cast<float>(in.next()));
    run.windows.push_back(std::move(window));
  }
  for (int64_t p = 0; p < parts; p++) {
    MergePart part{};
    part.from = static_cast<MergeType>(in.whole(4));
    part.to = static_cast<MergeType>(in.whole(3));
    part.elements = in.whole(most / 8);
    part.firstWord = in.whole(most);
    for (int64_t i = 0; i < inputs + windows; i++) {
      const auto file = static_cast<int>(in.whole(files));
      (i < inputs ? part.inputs : part.outputs).push_back({file, in.whole(most)});
    }
    run.parts.push_back(std::move(part));
  }
  if (!in.done()) reject("the plan is too long");
}

void execute(napi_env, void* data) {
  Run& run = *static_cast<Run*>(data);
  try {
    run.outcome = run.handle->merge->run(run.windows, run.parts);
  } catch (const FileError& error) {
    run.error = error.what();
    run.path = error.path;
    run.code = nameOf(error.code);
  } catch (const std::exception& error) {
    run.error = error.what();
  }
}

/** Float64Array of part, window and element of the earliest result that is out of range, −1 for none, then all checks. */
napi_value answerOf(napi_env env, const MergeOutcome& outcome) {
  const size_t count = 3 + outcome.checks.size();
  void* memory = nullptr;
  napi_value buffer, value;
  check(napi_create_arraybuffer(env, count * sizeof(double), &memory, &buffer), "no memory");
  auto* const numbers = static_cast<double*>(memory);
  numbers[0] = static_cast<double>(outcome.part);
  numbers[1] = static_cast<double>(outcome.window);
  numbers[2] = static_cast<double>(outcome.element);
  for (size_t i = 0; i < outcome.checks.size(); i++) numbers[3 + i] = outcome.checks[i];
  check(napi_create_typedarray(env, napi_float64_array, count, buffer, 0, &value), "no memory");
  return value;
}

void complete(napi_env env, napi_status, void* data) {
  const std::unique_ptr<Run> run(static_cast<Run*>(data));
  run->handle->busy = false;
  napi_delete_reference(env, run->owner);
  napi_delete_async_work(env, run->work);
  try {
    if (run->error.empty()) napi_resolve_deferred(env, run->deferred, answerOf(env, run->outcome));
    else napi_reject_deferred(env, run->deferred, fileError(env, run->error, run->path, run->code));
  } catch (const std::exception& error) {
    napi_reject_deferred(env, run->deferred, fileError(env, error.what(), "", ""));
  }
}

/** mergeRun(merge, plan as Float64Array) → Promise of what `answerOf` says */
napi_value run(napi_env env, napi_value* in) {
  Handle& handle = handleOf(env, in[0]);
  if (!handle.merge) reject("it is closed");
  if (handle.busy) reject("it is at work");
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  check(napi_get_typedarray_info(env, in[1], &type, &length, &data, nullptr, nullptr), "a plan was expected");
  if (type != napi_float64_array) reject("a Float64Array was expected");
  auto run = std::make_unique<Run>();
  parse(Numbers(static_cast<const double*>(data), length), handle.merge->files(), *run);
  run->handle = &handle;
  napi_value promise;
  check(napi_create_promise(env, &run->deferred, &promise), "no promise could be made");
  // The handle lives at least as long as the run.
  check(napi_create_reference(env, in[0], 1, &run->owner), "no reference could be made");
  check(napi_create_async_work(env, nullptr, text(env, "meander merge"), execute, complete, run.get(), &run->work),
        "no work could be made");
  check(napi_queue_async_work(env, run->work), "no work could be queued");
  handle.busy = true;
  run.release();
  return promise;
}

using Function = napi_value (*)(napi_env, napi_value*);

/** Three arguments at most; a missing one is undefined. C++ exceptions become JavaScript ones. */
template <Function function>
napi_value guarded(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value in[3];
  if (napi_get_cb_info(env, info, &count, in, nullptr, nullptr) != napi_ok) return nullptr;
  try {
    return function(env, in);
  } catch (const FileError& error) {
    napi_throw(env, fileError(env, error.what(), error.path, nameOf(error.code)));
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, nullptr, "the native merge ran out of memory");
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

template <Function function>
void expose(napi_env env, napi_value exports, const char* name) {
  napi_value value;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, guarded<function>, nullptr, &value) == napi_ok)
    napi_set_named_property(env, exports, name, value);
}

}  // namespace

void exposeMerge(napi_env env, napi_value exports) {
  expose<open>(env, exports, "mergeOpen");
  expose<run>(env, exports, "mergeRun");
  expose<close>(env, exports, "mergeClose");
}

}  // namespace meander
