"""
Hostile .pt files for src/engine/checkpoint/import/attacks: every known way to make a pickle run code, and containers
that lie. Assembled by hand, opcode by opcode, so that each holds one trick. Standard library only.
NEVER open them with pickle or torch.load(weights_only=False). None does harm (they would print a word, or exit).
"""

import pickle
import struct
import zipfile
import zlib
from pathlib import Path

OUT = Path(__file__).resolve().parents[2] / "src/engine/checkpoint/import/attacks"
NOTE = "echo pwned"


def glob(name: str) -> bytes:
    """GLOBAL of 'module attribute'."""
    return b"c" + name.replace(" ", "\n").encode() + b"\n"


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    return b"\x8a\x08" + struct.pack("<q", value)


def call(function: bytes, *args: bytes) -> bytes:
    return function + b"(" + b"".join(args) + b"tR"


def storage(kind="FloatStorage", key="0", elements=4) -> bytes:
    return b"(" + text("storage") + glob(f"torch {kind}") + text(key) + text("cpu") + number(elements) + b"tQ"


def numbers(*values: int) -> bytes:
    return b"(" + b"".join(number(v) for v in values) + b"t"


def tensor(store=None, offset=0, shape=(4,), strides=(1,)) -> bytes:
    ordered = call(glob("collections OrderedDict"))
    body = (storage() if store is None else store) + number(offset) + numbers(*shape) + numbers(*strides) + b"\x89" + ordered
    return call(glob("torch._utils _rebuild_tensor_v2"), body)


def state(*values: bytes) -> bytes:
    """A pickle of {'0': first, '1': second, …}."""
    return b"\x80\x02}(" + b"".join(text(str(i)) + v for i, v in enumerate(values)) + b"u."


def with_tensor(value: bytes) -> bytes:
    return state(tensor(), value)


def run(function: str, *args: bytes) -> bytes:
    return with_tensor(call(glob(function), *(args or (text(NOTE),))))


class Reduce:
    """As the pickle module itself writes it, for every protocol."""

    def __reduce__(self):
        return (print, ("pwned",))


def stack_global(module: bytes, name: bytes) -> bytes:
    return module + name + b"\x93"


pickles = {
    "os-system": run("os system"),
    "posix-system": run("posix system"),
    "nt-system": run("nt system"),
    "subprocess": run("subprocess Popen"),
    "builtins-eval": run("builtins eval", text("print('pwned')")),
    "builtins-exec": run("builtins exec", text("print('pwned')")),
    "python2-builtins": run("__builtin__ eval", text("print('pwned')")),
    "builtins-getattr": run("builtins getattr", glob("collections OrderedDict"), text("__class__")),
    "nested-getattr": run("builtins getattr", call(glob("builtins __import__"), text("os")), text("system")),
    "dotted-attribute": run("collections OrderedDict.__init__.__globals__"),
    "dotted-torch": run("torch FloatStorage.__new__"),
    "torch-load": run("torch load"),
    "torch-hub": run("torch.hub load"),
    "torch-serialization": run("torch.serialization load"),
    "torch-rebuild-neighbour": run("torch._utils _import_dotted_name", text("os.system")),
    "torch-compile": run("torch._dynamo.utils eval_frame"),
    "unicode-look-alike": run("ｏs system"),
    "empty-module": run(" system"),
    "newline-in-name": with_tensor(call(stack_global(text("os\n"), text("system")), text(NOTE))),
    "space-in-name": with_tensor(call(stack_global(text("torch._utils._rebuild_tensor_v2 os"), text("system")), text(NOTE))),
    "stack-global": with_tensor(call(stack_global(text("os"), text("system")), text(NOTE))),
    # The allowed name is joined from two halves that do not stand where a dot stands in Python.
    "stack-global-split": with_tensor(call(stack_global(text("torch"), text("_utils._rebuild_tensor_v2")), text(NOTE))),
    "stack-global-no-text": with_tensor(call(stack_global(glob("collections OrderedDict"), text("system")), text(NOTE))),
    # An allowed name is put into the memo, then the same place is taken by another.
    "memo-swap": with_tensor(glob("collections OrderedDict") + b"q\x05" + glob("os system") + b"q\x050" + call(b"h\x05", text(NOTE))),
    "memo-unset": state(tensor(), b"h\x63"),
    "memo-huge": state(tensor(), b"j\xff\xff\xff\xff"),
    "memo-of-nothing": b"\x80\x02q\x00.",
    "extension-1": with_tensor(b"\x82\x01"),
    "extension-2": with_tensor(b"\x83\x01\x00"),
    "extension-4": with_tensor(b"\x84\x01\x00\x00\x00"),
    "inst": with_tensor(b"(" + text(NOTE) + b"ios\nsystem\n"),
    "obj": with_tensor(b"(" + glob("torch FloatStorage") + text(NOTE) + b"o"),
    "newobj": with_tensor(glob("collections OrderedDict") + b")\x81"),
    "newobj-ex": with_tensor(glob("collections OrderedDict") + b")}\x92"),
    "persid": with_tensor(b"Pos.system\n"),
    "persistent-id": with_tensor(text("os.system") + b"Q"),
    "buffer": with_tensor(b"\x97"),
    "protocol-0": with_tensor(b"I1\n"),
    "dup": with_tensor(b"2"),
    "pop": with_tensor(b"N0"),
    # BUILD sets attributes (or calls __setstate__) of whatever is below it.
    "build-tensor": with_tensor(tensor() + b"}" + text("__setstate__") + glob("collections OrderedDict") + b"sb"),
    "build-global": with_tensor(glob("collections OrderedDict") + b"}" + text("__reduce__") + text("x") + b"sb"),
    "build-slots": with_tensor(b"}N}" + b"\x86b"),
    "reduce-text": with_tensor(text("os.system") + b"(" + text(NOTE) + b"tR"),
    "reduce-no-tuple": with_tensor(glob("collections OrderedDict") + text(NOTE) + b"R"),
    "call-of-a-type": run("torch FloatStorage"),
    "ordered-dict-filled": run("collections OrderedDict", b"]"),
    "parameter-of-text": run("torch._utils _rebuild_parameter"),
    "append-to-tuple": with_tensor(b")Na"),
    "items-of-a-list": with_tensor(b"](NNu"),
    "key-without-value": b"\x80\x02}(" + text("a") + b"u.",
    "key-is-a-list": b"\x80\x02}(]Nu.",
    "mark-never-set": b"\x80\x02Nt.",
    "mark-left-open": b"\x80\x02(N.",
    "left-over": b"\x80\x02NN.",
    "empty-stack": b"\x80\x02.",
    "no-stop": b"\x80\x02}",
    "protocol-9": b"\x80\x09}.",
    "no-opcode": b"\x80\x02\xff.",
    "text-longer-than-file": b"\x80\x02X\xff\xff\xff\x7f.",
    "bytes-longer-than-file": b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff.",
    "name-without-end": b"\x80\x02ctorch",
    "text-not-utf8": b"\x80\x02X\x02\x00\x00\x00\xc3\x28.",
    "tensor-past-storage": state(tensor(shape=(5,))),
    "tensor-offset": state(tensor(offset=1)),
    "tensor-huge": state(tensor(shape=(2**40, 2**40), strides=(2**40, 1))),
    "tensor-negative": state(tensor(offset=-4)),
    "tensor-negative-stride": state(tensor(offset=3, strides=(-1,))),
    "tensor-strides-fewer": state(tensor(shape=(2, 2), strides=(1,))),
    "tensor-no-storage": state(tensor(store=text("0"))),
    "tensor-expanded": state(tensor(shape=(2**50,), strides=(0,))),
    "tensor-empty-overflow": state(tensor(shape=(2**52,) * 21 + (0,), strides=(1,) * 22)),
    "storage-unknown-type": state(tensor(store=storage(kind="ComplexFloatStorage"))),
    "storage-missing": state(tensor(store=storage(key="7"))),
    "storage-traversal": state(tensor(store=storage(key="../../data.pkl"))),
    "storage-size-lies": state(tensor(store=storage(elements=2**40), shape=(2**40,))),
    "no-tensors": b"\x80\x02}.",
    "no-dictionary": b"\x80\x02N.",
    "name-reserved": b"\x80\x02}" + text("__metadata__") + tensor() + b"s.",
    "name-escape": b"\x80\x02}" + text("w\x1b[2J") + tensor() + b"s.",
    "name-endless": b"\x80\x02}" + text("w" * 5000) + tensor() + b"s.",
    "opcodes-endless": b"\x80\x02" + b"(" * 1_000_001,
    "same-name-twice": b"\x80\x02}(" + text("module.w") + tensor() + text("w") + tensor() + b"u.",
}
for protocol in range(6):
    pickles[f"reduce-protocol-{protocol}"] = pickle.dumps({"w": Reduce()}, protocol)

DATA = struct.pack("<4f", 1, 2, 3, 4)
GOOD = state(tensor())


def local(name: bytes, size: int, method=0, packed=None) -> bytes:
    packed = size if packed is None else packed
    return struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, method, 0, 0, 0, packed, size, len(name), 0) + name


def central(name: bytes, size: int, position: int, method=0, packed=None, flags=0, extra=b"") -> bytes:
    packed = size if packed is None else packed
    fields = (0x02014B50, 20, 20, flags, method, 0, 0, 0, packed, size, len(name), len(extra), 0, 0, 0, 0, position)
    return struct.pack("<IHHHHHHIIIHHHHHII", *fields) + name + extra


def ending(count: int, size: int, position: int) -> bytes:
    return struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, size, position, 0)


def container(change) -> bytes:
    """A well-formed container whose directory entries `change` may rewrite: a list of dicts for `central`."""
    parts, entries, at = [], [], 0
    for name, data in ((b"a/data.pkl", GOOD), (b"a/data/0", DATA)):
        parts += [local(name, len(data)), data]
        entries.append({"name": name, "size": len(data), "position": at})
        at += sum(len(p) for p in parts[-2:])
    body = b"".join(parts)
    entries = change(entries) or entries
    directory = b"".join(central(**e) for e in entries)
    return body + directory + ending(len(entries), len(directory), at)


def edit(index: int, **changes):
    return lambda entries: entries[index].update(changes)


zip64 = lambda *values: struct.pack("<HH", 1, 8 * len(values)) + b"".join(struct.pack("<Q", v) for v in values)
whole = container(lambda e: None)
bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
bombed = bomb.compress(bytes(48 << 20)) + bomb.flush()

zips = {
    "zip-truncated": whole[:-30],
    "zip-half": whole[: len(whole) // 2],
    "zip-directory-outside": whole[:-22] + ending(2, 200, 2**31),
    "zip-directory-count": whole[:-22] + ending(9, struct.unpack("<I", whole[-10:-6])[0], struct.unpack("<I", whole[-6:-2])[0]),
    "zip-overlap": container(edit(1, position=10)),
    "zip-same-bytes-twice": container(lambda e: e + [{**e[1], "name": b"a/data/1"}]),
    "zip-same-name-twice": container(lambda e: e + [{**e[1], "position": 0}]),
    "zip-huge-position": container(edit(1, position=0xFFFFFFF0)),
    "zip-huge-size": container(edit(1, size=0xFFFFFFF0)),
    "zip-zip64-huge": container(edit(1, size=0xFFFFFFFF, packed=0xFFFFFFFF, extra=zip64(2**62, 2**62))),
    "zip-zip64-missing": container(edit(1, size=0xFFFFFFFF, packed=0xFFFFFFFF)),
    "zip-stored-but-packed": container(edit(1, size=2**30, packed=16)),
    "zip-bomb-ratio": container(edit(0, method=8, size=2**25, packed=100)),
    "zip-bomb-claims": container(edit(0, method=8, size=2**31, packed=100)),
    "zip-method-lies": container(edit(0, method=8)),
    "zip-name-lies": container(edit(1, name=b"a/data/1")),
    "zip-encrypted": container(edit(0, flags=1)),
    "zip-lzma": container(edit(0, method=14)),
    "zip-two-pickles": container(lambda e: [{**e[0]}, {**e[1], "name": b"b/data.pkl"}]),
    "zip-empty": ending(0, 0, 0),
    "not-a-zip": pickle.dumps({"w": Reduce()}, 2),
    "no-bytes": b"",
}


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.glob("*.pt"):
        old.unlink()
    for name, data in pickles.items():
        with zipfile.ZipFile(OUT / f"{name}.pt", "w", zipfile.ZIP_STORED) as archive:
            for entry, content in (("a/data.pkl", data), ("a/data/0", DATA)):
                method = zipfile.ZIP_DEFLATED if len(content) > 100_000 else zipfile.ZIP_STORED
                archive.writestr(zipfile.ZipInfo(entry), content, method)
    for name, data in zips.items():
        (OUT / f"{name}.pt").write_bytes(data)
    # A real bomb: 48 MiB of zeros for a pickle, from 48 kB.
    head = local(b"a/data.pkl", 48 << 20, 8, len(bombed))
    directory = central(b"a/data.pkl", 48 << 20, 0, 8, len(bombed))
    (OUT / "zip-bomb.pt").write_bytes(head + bombed + directory + ending(1, len(directory), len(head) + len(bombed)))
    # Its size is told too small: inflating must stop there.
    head = local(b"a/data.pkl", 1 << 20, 8, len(bombed))
    directory = central(b"a/data.pkl", 1 << 20, 0, 8, len(bombed))
    (OUT / "zip-bomb-size-lies.pt").write_bytes(head + bombed + directory + ending(1, len(directory), len(head) + len(bombed)))


if __name__ == "__main__":
    main()
