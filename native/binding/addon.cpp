// The Node-API door to the engine. It checks arguments, moves bytes and promises across, and holds no logic.
#include <node_api.h>

#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine.h"

namespace {

using namespace meander;

/** What an error on the way in throws; becomes a JavaScript Error. */
[[noreturn]] void reject(const std::string& message) { throw std::runtime_error(message); }

void check(napi_status status, const char* what) {
  if (status != napi_ok) reject(std::string("native engine: ") + what);
}

/** Arguments of one call. */
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info) : env_(env) {
    check(napi_get_cb_info(env, info, &count_, values_, nullptr, nullptr), "no arguments");
  }
  napi_value at(size_t i) const {
    if (i >= count_) reject("native engine: argument " + std::to_string(i) + " is missing");
    return values_[i];
  }
  double number(size_t i) const {
    double x;
    check(napi_get_value_double(env_, at(i), &x), "a number was expected");
    return x;
  }
  int64_t whole(size_t i) const {
    const double x = number(i);
    if (!(x >= 0 && x <= 9007199254740991.0)) reject("native engine: a whole number from 0 up was expected");
    return static_cast<int64_t>(x);
  }
  bool absent(size_t i) const {
    napi_valuetype type;
    check(napi_typeof(env_, at(i), &type), "a value was expected");
    return type == napi_null || type == napi_undefined;
  }
  std::string text(size_t i) const {
    char buffer[256];
    size_t length = 0;
    check(napi_get_value_string_utf8(env_, at(i), buffer, sizeof buffer, &length), "text was expected");
    return {buffer, length};
  }
  /** Bytes of a typed array. */
  std::pair<const char*, size_t> bytes(size_t i) const {
    napi_typedarray_type type;
    size_t length = 0;
    void* data = nullptr;
    check(napi_get_typedarray_info(env_, at(i), &type, &length, &data, nullptr, nullptr), "a typed array was expected");
    const size_t width = type == napi_float64_array ? 8 : type == napi_float32_array || type == napi_int32_array ? 4 : 0;
    if (width == 0) reject("native engine: a Float32Array, Int32Array or Float64Array was expected");
    return {static_cast<const char*>(data), length * width};
  }
  std::pair<const double*, size_t> doubles(size_t i) const {
    const auto [data, size] = bytes(i);
    return {reinterpret_cast<const double*>(data), size / sizeof(double)};
  }
  /** The object behind an external made by `external` with the same T. */
  template <class T>
  T& handle(napi_value value) const {
    void* data = nullptr;
    napi_type_tag tag = T::tag;
    bool same = false;
    if (napi_check_object_type_tag(env_, value, &tag, &same) != napi_ok || !same)
      reject("native engine: a handle of another kind was given");
    check(napi_get_value_external(env_, value, &data), "a handle was expected");
    return *static_cast<T*>(data);
  }
  template <class T>
  T& external(size_t i) const {
    return handle<T>(at(i));
  }

 private:
  napi_env env_;
  size_t count_ = 8;
  napi_value values_[8];
};

/** A promise under way, resolved on JavaScript's thread. */
struct Pending {
  napi_deferred deferred;
  std::string error;
  enum { nothing, boolean, number, data } kind = nothing;
  double value = 0;
  std::unique_ptr<char[]> bytes;
  size_t size = 0;
};

struct EngineHandle {
  static constexpr napi_type_tag tag = {0x6d65616e64657231, 0x656e67696e650001};
  std::unique_ptr<Engine> engine;
  napi_threadsafe_function deliver = nullptr;
  /** Promises not yet settled; while there are any, the process stays. */
  int pending = 0;
  /** The JavaScript handle and the way back to JavaScript; both end on JavaScript's thread, in any order. */
  int owners = 2;

  Engine& live() {
    if (!engine) reject("the native engine is closed");
    return *engine;
  }
  /** Works off the queue and lets go of the way back; what is on its way still arrives. */
  void shut() {
    if (!engine) return;
    engine.reset();
    napi_release_threadsafe_function(deliver, napi_tsfn_release);
  }
  void leave() {
    if (--owners == 0) delete this;
  }
};
struct StoreHandle {
  static constexpr napi_type_tag tag = {0x6d65616e64657231, 0x73746f7265000002};
  BufferPointer buffer;
  BufferPointer live() const {
    if (!buffer) reject("the store was freed");
    return buffer;
  }
};
struct ProgramHandle {
  static constexpr napi_type_tag tag = {0x6d65616e64657231, 0x70726f6772616d03};
  std::shared_ptr<const Program> program;
  BufferPointer results;
};

template <class T>
napi_value external(napi_env env, std::unique_ptr<T> object) {
  napi_value value;
  check(napi_create_external(
            env, object.get(), [](napi_env, void* data, void*) { delete static_cast<T*>(data); }, nullptr, &value),
        "no handle could be made");
  object.release();
  check(napi_type_tag_object(env, value, &T::tag), "no handle could be marked");
  return value;
}

void settle(napi_env env, napi_value, void* context, void* data) {
  const std::unique_ptr<Pending> pending(static_cast<Pending*>(data));
  if (!env) return;
  auto& handle = *static_cast<EngineHandle*>(context);
  if (--handle.pending == 0) napi_unref_threadsafe_function(env, handle.deliver);
  napi_handle_scope scope;
  napi_open_handle_scope(env, &scope);
  napi_value value = nullptr;
  if (!pending->error.empty()) {
    napi_value message;
    napi_create_string_utf8(env, pending->error.data(), pending->error.size(), &message);
    napi_create_error(env, nullptr, message, &value);
    napi_reject_deferred(env, pending->deferred, value);
  } else {
    if (pending->kind == Pending::data) {
      void* bytes = nullptr;
      if (napi_create_arraybuffer(env, pending->size, &bytes, &value) == napi_ok)
        std::memcpy(bytes, pending->bytes.get(), pending->size);
    } else if (pending->kind == Pending::boolean) {
      napi_get_boolean(env, pending->value != 0, &value);
    } else if (pending->kind == Pending::number) {
      napi_create_double(env, pending->value, &value);
    }
    if (!value) napi_get_undefined(env, &value);
    napi_resolve_deferred(env, pending->deferred, value);
  }
  napi_close_handle_scope(env, scope);
}

/** Makes a promise; `start` enqueues work that calls `finish` with the filled record from the engine's thread. */
template <class Start>
napi_value promise(napi_env env, EngineHandle& handle, Start&& start) {
  auto* pending = new Pending;
  napi_value value;
  check(napi_create_promise(env, &pending->deferred, &value), "no promise could be made");
  if (handle.pending++ == 0) napi_ref_threadsafe_function(env, handle.deliver);
  napi_threadsafe_function deliver = handle.deliver;
  start(pending, [deliver, pending] { napi_call_threadsafe_function(deliver, pending, napi_tsfn_blocking); });
  return value;
}

void set(napi_env env, napi_value object, const char* name, napi_value value) {
  check(napi_set_named_property(env, object, name, value), name);
}
napi_value text(napi_env env, const std::string& s) {
  napi_value value;
  check(napi_create_string_utf8(env, s.data(), s.size(), &value), "text");
  return value;
}
napi_value number(napi_env env, double x) {
  napi_value value;
  check(napi_create_double(env, x, &value), "number");
  return value;
}

namespace api {

/** The family that a call names by arguments i (family | null) and i + 1 ("float32", "mixed" or "auto"). */
const Family& familyOf(const Arguments& in, size_t i) {
  const std::string precision = in.text(i + 1);
  const Precision wanted = precision == "mixed"     ? Precision::mixed
                           : precision == "auto"    ? Precision::automatic
                           : precision == "float32" ? Precision::float32
                                                    : (reject("an unknown precision"), Precision::float32);
  return chooseFamily(in.absent(i) ? nullptr : in.text(i).c_str(), wanted);
}

/**
 * status(wanted family | null, precision)
 *   → { device, cores, families, family, label, mixed, note, tile: [rows, columns, depth] }
 */
napi_value status(napi_env env, const Arguments& in) {
  const Family& family = familyOf(in, 0);
  napi_value object, names, tile;
  check(napi_create_object(env, &object), "object");
  set(env, object, "device", text(env, processorName()));
  set(env, object, "cores", number(env, physicalCores()));
  set(env, object, "family", text(env, family.name));
  set(env, object, "label", text(env, family.label));
  set(env, object, "note", text(env, familiesNote()));
  int count = 0;
  const Family* const* all = families(count);
  check(napi_create_array(env, &names), "array");
  for (int i = 0; i < count; i++) napi_set_element(env, names, i, text(env, all[i]->name));
  set(env, object, "families", names);
  napi_value mixed;
  check(napi_get_boolean(env, family.mixed, &mixed), "boolean");
  set(env, object, "mixed", mixed);
  check(napi_create_array(env, &tile), "array");
  const int sizes[] = {family.gemmRows, family.gemmColumns,
                       static_cast<int>(Blocks(Caches::here()).depth)};
  for (int i = 0; i < 3; i++) napi_set_element(env, tile, i, number(env, sizes[i]));
  set(env, object, "tile", tile);
  return object;
}

void stopAtExit(void* data) { static_cast<EngineHandle*>(data)->engine.reset(); }

/** open(threads, wanted family | null, precision) → engine */
napi_value open(napi_env env, const Arguments& in) {
  const int64_t threads = in.whole(0);
  if (threads < 1 || threads > 1024) reject("the native engine takes 1 to 1024 threads");
  auto handle = std::make_unique<EngineHandle>();
  handle->engine = std::make_unique<Engine>(static_cast<int>(threads), familyOf(in, 1));
  const auto forget = [](napi_env, void* data, void*) { static_cast<EngineHandle*>(data)->leave(); };
  check(napi_create_threadsafe_function(env, nullptr, nullptr, text(env, "meander"), 0, 1, handle.get(), forget,
                                        handle.get(), settle, &handle->deliver),
        "no way back to JavaScript could be made");
  auto* const raw = handle.release();
  napi_unref_threadsafe_function(env, raw->deliver);
  // An environment that ends with the engine open must not leave its thread behind.
  napi_add_env_cleanup_hook(env, stopAtExit, raw);
  const auto collect = [](napi_env env, void* data, void*) {
    auto* const handle = static_cast<EngineHandle*>(data);
    napi_remove_env_cleanup_hook(env, stopAtExit, handle);
    handle->shut();
    handle->leave();
  };
  napi_value value;
  check(napi_create_external(env, raw, collect, nullptr, &value), "no handle could be made");
  check(napi_type_tag_object(env, value, &EngineHandle::tag), "no handle could be marked");
  return value;
}

/** close(engine): works off the queue first; call after drain. */
napi_value close(napi_env, const Arguments& in) {
  in.external<EngineHandle>(0).shut();
  return nullptr;
}

/** store(engine, bytes) → store */
napi_value store(napi_env env, const Arguments& in) {
  auto handle = std::make_unique<StoreHandle>();
  handle->buffer = in.external<EngineHandle>(0).live().allocate(static_cast<size_t>(in.whole(1)));
  return external(env, std::move(handle));
}

/** free(store): memory goes when the last thing enqueued that names it is done. */
napi_value free(napi_env, const Arguments& in) {
  in.external<StoreHandle>(0).buffer.reset();
  return nullptr;
}

/** write(engine, store, byte offset, typed array) */
napi_value write(napi_env, const Arguments& in) {
  auto& engine = in.external<EngineHandle>(0).live();
  const auto buffer = in.external<StoreHandle>(1).live();
  const auto offset = static_cast<size_t>(in.whole(2));
  const auto [data, size] = in.bytes(3);
  if (offset > buffer->bytes() || size > buffer->bytes() - offset) reject("a write past the end of a store");
  std::unique_ptr<char[]> copy(new char[size ? size : 1]);
  if (size) std::memcpy(copy.get(), data, size);
  engine.write(buffer, offset, std::move(copy), size);
  return nullptr;
}

/** read(engine, store, byte offset, bytes) → Promise<ArrayBuffer> */
napi_value read(napi_env env, const Arguments& in) {
  auto& handle = in.external<EngineHandle>(0);
  auto& engine = handle.live();
  const auto buffer = in.external<StoreHandle>(1).live();
  const auto offset = static_cast<size_t>(in.whole(2)), size = static_cast<size_t>(in.whole(3));
  if (offset > buffer->bytes() || size > buffer->bytes() - offset) reject("a read past the end of a store");
  return promise(env, handle, [&](Pending* pending, auto finish) {
    engine.read(buffer, offset, size, [pending, finish, size](std::string error, std::unique_ptr<char[]> data) {
      pending->error = std::move(error);
      pending->kind = Pending::data;
      pending->bytes = std::move(data);
      pending->size = size;
      finish();
    });
  });
}

/** drain(engine) → Promise<void> */
napi_value drain(napi_env env, const Arguments& in) {
  auto& handle = in.external<EngineHandle>(0);
  auto& engine = handle.live();
  return promise(env, handle, [&](Pending* pending, auto finish) {
    engine.drain([pending, finish](std::string error) {
      pending->error = std::move(error);
      finish();
    });
  });
}

/** copy(engine, target, source, bytes) */
napi_value copy(napi_env, const Arguments& in) {
  const auto target = in.external<StoreHandle>(1).live(), source = in.external<StoreHandle>(2).live();
  const auto size = static_cast<size_t>(in.whole(3));
  if (size > target->bytes() || size > source->bytes()) reject("a copy past the end of a store");
  in.external<EngineHandle>(0).live().copy(target, source, size);
  return nullptr;
}

/** vector(engine, operation, target, source | null, scalar, elements) */
napi_value vector(napi_env, const Arguments& in) {
  const int64_t op = in.whole(1);
  if (op >= vectorOps) reject("an unknown vector operation");
  const auto target = in.external<StoreHandle>(2).live();
  const auto source = in.absent(3) ? nullptr : in.external<StoreHandle>(3).live();
  const int64_t elements = in.whole(5);
  const auto size = static_cast<size_t>(elements) * sizeof(float);
  if (size > target->bytes() || (source && size > source->bytes())) reject("a vector operation past the end of a store");
  in.external<EngineHandle>(0).live().vector(static_cast<VectorOp>(op), target, source,
                                             static_cast<float>(in.number(4)), elements);
  return nullptr;
}

/** allFinite(engine, store, elements) → Promise<boolean> */
napi_value allFinite(napi_env env, const Arguments& in) {
  auto& handle = in.external<EngineHandle>(0);
  auto& engine = handle.live();
  const auto buffer = in.external<StoreHandle>(1).live();
  const int64_t elements = in.whole(2);
  if (static_cast<size_t>(elements) * sizeof(float) > buffer->bytes()) reject("a check past the end of a store");
  return promise(env, handle, [&](Pending* pending, auto finish) {
    engine.allFinite(buffer, elements, [pending, finish](std::string error, bool finite) {
      pending->error = std::move(error);
      pending->kind = Pending::boolean;
      pending->value = finite;
      finish();
    });
  });
}

/** program(engine, Float64Array, arena bytes, results store | null) → program */
napi_value program(napi_env env, const Arguments& in) {
  auto& engine = in.external<EngineHandle>(0).live();
  const auto [numbers, count] = in.doubles(1);
  auto handle = std::make_unique<ProgramHandle>();
  handle->program = std::make_shared<const Program>(numbers, count);
  if (!in.absent(3)) handle->results = in.external<StoreHandle>(3).live();
  engine.reserve(static_cast<size_t>(in.whole(2)));
  return external(env, std::move(handle));
}

/**
 * run(engine, program, stores, Float64Array of accumulate, lossScale, seed, step, microBatch, position, learningRate,
 * ringSlot)
 */
napi_value run(napi_env env, const Arguments& in) {
  auto& engine = in.external<EngineHandle>(0).live();
  const auto& program = in.external<ProgramHandle>(1);
  uint32_t length = 0;
  check(napi_get_array_length(env, in.at(2), &length), "a list of stores was expected");
  std::vector<BufferPointer> bindings;
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    check(napi_get_element(env, in.at(2), i, &element), "a store was expected");
    bindings.push_back(in.handle<StoreHandle>(element).live());
  }
  const auto [numbers, count] = in.doubles(3);
  if (count != 8) reject("a run takes eight scalars");
  Scalars scalars;
  scalars.accumulate = numbers[0] != 0;
  scalars.lossScale = static_cast<float>(numbers[1]);
  scalars.seed = static_cast<uint32_t>(static_cast<int64_t>(numbers[2]));
  scalars.step = static_cast<uint32_t>(static_cast<int64_t>(numbers[3]));
  scalars.microBatch = static_cast<uint32_t>(static_cast<int64_t>(numbers[4]));
  scalars.position = static_cast<int64_t>(numbers[5]);
  scalars.learningRate = numbers[6];
  scalars.ringSlot = static_cast<int64_t>(numbers[7]);
  engine.run(program.program, program.results, std::move(bindings), scalars);
  return nullptr;
}

/** memory() → bytes of all stores, arenas and scratch in this process */
napi_value memory(napi_env env, const Arguments&) { return number(env, static_cast<double>(Buffer::total())); }

/**
 * profile(engine) → Promise<ArrayBuffer of float64>: for each operation code its runs and its seconds of processor time
 * otherwise, packing and in products, since the call before. The first call starts it.
 */
napi_value profile(napi_env env, const Arguments& in) {
  auto& handle = in.external<EngineHandle>(0);
  auto& engine = handle.live();
  return promise(env, handle, [&](Pending* pending, auto finish) {
    engine.profile([pending, finish](const Profile& measured) {
      constexpr size_t each = 1 + phases;
      pending->kind = Pending::data;
      pending->size = opCount * each * sizeof(double);
      pending->bytes.reset(new char[pending->size]);
      for (size_t code = 0; code < opCount; code++) {
        double numbers[each] = {measured.runs[code]};
        for (size_t i = 0; i < phases; i++) numbers[1 + i] = measured.seconds[code][i];
        std::memcpy(pending->bytes.get() + code * sizeof numbers, numbers, sizeof numbers);
      }
      finish();
    });
  });
}

/** peak(engine, seconds) → Promise<floating-point operations per second> */
napi_value peak(napi_env env, const Arguments& in) {
  auto& handle = in.external<EngineHandle>(0);
  auto& engine = handle.live();
  const double seconds = in.number(1);
  return promise(env, handle, [&](Pending* pending, auto finish) {
    engine.measurePeak(seconds, [pending, finish](double rate) {
      pending->kind = Pending::number;
      pending->value = rate;
      finish();
    });
  });
}

}  // namespace api

using Function = napi_value (*)(napi_env, const Arguments&);

/** Turns C++ exceptions into JavaScript ones. */
template <Function function>
napi_value guarded(napi_env env, napi_callback_info info) {
  try {
    return function(env, Arguments(env, info));
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, nullptr, "the native engine ran out of memory");
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

namespace meander {
/** binding/merge.cpp */
void exposeMerge(napi_env env, napi_value exports);
}  // namespace meander

NAPI_MODULE_INIT() {
  meander::exposeMerge(env, exports);
  expose<api::status>(env, exports, "status");
  expose<api::open>(env, exports, "open");
  expose<api::close>(env, exports, "close");
  expose<api::store>(env, exports, "store");
  expose<api::free>(env, exports, "free");
  expose<api::write>(env, exports, "write");
  expose<api::read>(env, exports, "read");
  expose<api::drain>(env, exports, "drain");
  expose<api::copy>(env, exports, "copy");
  expose<api::vector>(env, exports, "vector");
  expose<api::allFinite>(env, exports, "allFinite");
  expose<api::program>(env, exports, "program");
  expose<api::run>(env, exports, "run");
  expose<api::memory>(env, exports, "memory");
  expose<api::profile>(env, exports, "profile");
  expose<api::peak>(env, exports, "peak");
  return exports;
}
