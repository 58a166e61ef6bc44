/**
 * Pickles of tensors, read by an interpreter that executes nothing. Opcodes build plain values (null, booleans,
 * numbers, strings, bytes, arrays, tuples, maps); a global is only a name, and the few calls that tensors need
 * (`torch-globals.ts`) are done here as data. Every other opcode and every other name is refused.
 * Format: the comments of Python's pickletools.py; protocols 2 to 5.
 */
import { opcodeNames } from './pickle-opcodes.ts';
import { pickleRefused, quote } from './refused.ts';

/** A name `module.attribute` from the allow-list; never an object of that name. */
export class PickleGlobal {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}
export class PickleTuple {
  readonly items: readonly PickleValue[];
  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}
/** What a call of an allowed name gave; `kind` says which. Defined by whoever gives `Calls`. */
export interface PickleObject {
  readonly kind: string;
}
export type PickleMap = Map<PickleValue, PickleValue>;
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleGlobal
  | PickleTuple
  | PickleObject
  | PickleValue[]
  | PickleMap;

export interface Calls {
  /** Whether `module.attribute` may be named at all. */
  allowed(name: string): boolean;
  /** What `name(...args)` is, as data. Throws Refusal with a reason where it refuses. */
  call(name: string, args: readonly PickleValue[]): PickleValue;
  /** What a persistent id stands for. Throws Refusal with a reason. */
  persistent(id: PickleValue): PickleValue;
}

/** A reason to refuse; becomes a UserError that names the file and the place. */
export class Refusal extends Error {}

/**
 * @param path of the file, for messages
 * @throws UserError 'pickle-refused' naming the opcode or global, and the byte
 */
export function readPickle(path: string, bytes: Uint8Array, calls: Calls): PickleValue {
  const machine = new Machine(bytes, calls);
  try {
    return machine.run();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw pickleRefused(path, `${error.message} (byte ${machine.at} of its pickle)`);
  }
}

const text = new TextDecoder('utf-8', { fatal: true });

/** A model of a thousand tensors with its optimizer takes about 60,000; this bounds memory. */
const stepLimit = 1_000_000;

class Machine {
  /** Of the opcode being read. */
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #data: DataView;
  readonly #calls: Calls;
  #next = 0;
  #stack: PickleValue[] = [];
  /** The stacks below each open MARK. */
  readonly #marks: PickleValue[][] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(bytes: Uint8Array, calls: Calls) {
    this.#bytes = bytes;
    this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#calls = calls;
  }

  run(): PickleValue {
    for (let steps = 0; ; steps++) {
      if (steps === stepLimit) throw new Refusal(`it has more than ${stepLimit} opcodes`);
      this.at = this.#next;
      const opcode = this.#take(1)[0];
      if (opcode === 0x2e) break;
      this.#step(opcode);
    }
    const value = this.#pop();
    if (this.#stack.length > 0 || this.#marks.length > 0) throw new Refusal('it stops with values left over');
    return value;
  }

  #step(opcode: number): void {
    switch (opcode) {
      case 0x80: // PROTO
        if (this.#natural(1) > 5) throw new Refusal('its protocol is newer than 5');
        return;
      case 0x95: // FRAME: a hint for buffering
        this.#natural(8);
        return;
      case 0x28: // MARK
        this.#marks.push(this.#stack);
        this.#stack = [];
        return;
      case 0x4e: // NONE
        this.#push(null);
        return;
      case 0x88: // NEWTRUE
        this.#push(true);
        return;
      case 0x89: // NEWFALSE
        this.#push(false);
        return;
      case 0x4a: // BININT
        this.#push(this.#view(4).getInt32(0, true));
        return;
      case 0x4b: // BININT1
        this.#push(this.#natural(1));
        return;
      case 0x4d: // BININT2
        this.#push(this.#natural(2));
        return;
      case 0x8a: // LONG1
        this.#push(integer(this.#take(this.#natural(1))));
        return;
      case 0x47: // BINFLOAT
        this.#push(this.#view(8).getFloat64(0, false));
        return;
      case 0x58: // BINUNICODE
        this.#push(this.#text(4));
        return;
      case 0x8c: // SHORT_BINUNICODE
        this.#push(this.#text(1));
        return;
      case 0x8d: // BINUNICODE8
        this.#push(this.#text(8));
        return;
      case 0x42: // BINBYTES
        this.#push(this.#take(this.#natural(4)).slice());
        return;
      case 0x43: // SHORT_BINBYTES
        this.#push(this.#take(this.#natural(1)).slice());
        return;
      case 0x29: // EMPTY_TUPLE
        this.#push(new PickleTuple([]));
        return;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.#push(new PickleTuple(this.#popMany(opcode - 0x84)));
        return;
      case 0x74: // TUPLE
        this.#push(new PickleTuple(this.#popMark()));
        return;
      case 0x5d: // EMPTY_LIST
        this.#push([]);
        return;
      case 0x7d: // EMPTY_DICT
        this.#push(new Map());
        return;
      case 0x61: // APPEND
        this.#append(this.#popMany(1));
        return;
      case 0x65: // APPENDS
        this.#append(this.#popMark());
        return;
      case 0x73: // SETITEM
        this.#setItems(this.#popMany(2));
        return;
      case 0x75: // SETITEMS
        this.#setItems(this.#popMark());
        return;
      case 0x71: // BINPUT
        this.#remember(this.#natural(1));
        return;
      case 0x72: // LONG_BINPUT
        this.#remember(this.#natural(4));
        return;
      case 0x94: // MEMOIZE
        this.#remember(this.#memo.size);
        return;
      case 0x68: // BINGET
        this.#recall(this.#natural(1));
        return;
      case 0x6a: // LONG_BINGET
        this.#recall(this.#natural(4));
        return;
      case 0x63: // GLOBAL
        this.#global(this.#line(), this.#line());
        return;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        if (typeof module !== 'string' || typeof name !== 'string')
          throw new Refusal('it names a global by something that is no text');
        this.#global(module, name);
        return;
      }
      case 0x52: // REDUCE
        this.#reduce();
        return;
      case 0x62: // BUILD
        this.#build();
        return;
      case 0x51: // BINPERSID
        this.#push(this.#calls.persistent(this.#pop()));
        return;
      default: {
        const code = `0x${opcode.toString(16).padStart(2, '0')}`;
        const name = opcodeNames.get(opcode);
        throw new Refusal(
          name ? `it uses the pickle opcode ${name}, which weights do not need` : `${code} is no pickle opcode`,
        );
      }
    }
  }

  #global(module: string, name: string): void {
    const full = `${module}.${name}`;
    // A dotted attribute is a chain of getattr in Python; no allowed name has one.
    if (name.includes('.') || !this.#calls.allowed(full))
      throw new Refusal(`it names ${quote(full)}, which weights do not need`);
    this.#push(new PickleGlobal(full));
  }

  #reduce(): void {
    const [callable, args] = this.#popMany(2);
    if (!(callable instanceof PickleGlobal)) throw new Refusal('it calls something that is no named function');
    if (!(args instanceof PickleTuple)) throw new Refusal(`it calls ${quote(callable.name)} without a tuple`);
    this.#push(this.#calls.call(callable.name, args.items));
  }

  /** State dicts carry attributes (_metadata), which are dropped; nothing else may be given any. */
  #build(): void {
    const [target, state] = this.#popMany(2);
    if (!(target instanceof Map) || !(state instanceof Map))
      throw new Refusal('it uses the pickle opcode BUILD on something that is no dictionary');
    this.#push(target);
  }

  #append(values: readonly PickleValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw new Refusal('it appends to something that is no list');
    for (const value of values) list.push(value);
  }

  #setItems(items: readonly PickleValue[]): void {
    const map = this.#top();
    if (!(map instanceof Map)) throw new Refusal('it sets items of something that is no dictionary');
    if (items.length % 2 !== 0) throw new Refusal('it sets a key without a value');
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (key !== null && typeof key === 'object') throw new Refusal('a key is neither text nor number');
      map.set(key, items[i + 1]);
    }
  }

  #remember(index: number): void {
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): void {
    if (!this.#memo.has(index)) throw new Refusal(`it recalls memo ${index}, which was never stored`);
    this.#push(this.#memo.get(index)!);
  }

  #push(value: PickleValue): void {
    this.#stack.push(value);
  }

  #top(): PickleValue {
    if (this.#stack.length === 0) throw new Refusal('it takes a value from an empty stack');
    return this.#stack[this.#stack.length - 1];
  }

  #pop(): PickleValue {
    this.#top();
    return this.#stack.pop()!;
  }

  #popMany(count: number): PickleValue[] {
    if (this.#stack.length < count) throw new Refusal('it takes a value from an empty stack');
    return this.#stack.splice(this.#stack.length - count);
  }

  #popMark(): PickleValue[] {
    const below = this.#marks.pop();
    if (!below) throw new Refusal('it closes a mark that was never set');
    const items = this.#stack;
    this.#stack = below;
    return items;
  }

  #take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#next) throw new Refusal(`it ends where ${count} more bytes should follow`);
    this.#next += count;
    return this.#bytes.subarray(this.#next - count, this.#next);
  }

  #view(count: number): DataView {
    const { byteOffset } = this.#take(count);
    return new DataView(this.#data.buffer, byteOffset, count);
  }

  #natural(width: 1 | 2 | 4 | 8): number {
    const data = this.#view(width);
    if (width === 1) return data.getUint8(0);
    if (width === 2) return data.getUint16(0, true);
    if (width === 4) return data.getUint32(0, true);
    const value = data.getBigUint64(0, true);
    // Larger than any file: the next take refuses it.
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
  }

  #text(width: 1 | 4 | 8): string {
    return decoded(this.#take(this.#natural(width)));
  }

  /** Up to the next line feed, which is taken too. */
  #line(): string {
    const end = this.#bytes.indexOf(10, this.#next);
    if (end < 0) throw new Refusal('a name in it has no end');
    const line = this.#take(end - this.#next);
    this.#next++;
    return decoded(line);
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return text.decode(bytes);
  } catch {
    throw new Refusal('a text in it is not UTF-8');
  }
}

/** Two's complement, little-endian. */
function integer(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  value = BigInt.asIntN(Math.max(bytes.length * 8, 1), value);
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}
