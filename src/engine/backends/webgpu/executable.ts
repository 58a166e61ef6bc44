/**
 * A compiled program: pipelines and numbers made once, bind groups once for every set of stores, commands recorded
 * anew for each run, as WebGPU wants it. Nothing waits for the card.
 */
import { UserError } from '../../errors.ts';
import { rowsOf, sizeOf } from '../../program/shapes.ts';
import type { AnyOp, Program, Scalars, Tensor } from '../../program/types.ts';
import type { Executable, Store } from '../backend.ts';
import { boundStore, boundTensors } from '../bindings.ts';
import { completeScalars } from '../scalars.ts';
import type { Arena } from './arena.ts';
import { usage } from './dawn.ts';
import { type Device, mebibytes, type Prepared } from './device.ts';
import type { Dispatch, Operand, Settings } from './kernels/dispatch.ts';
import { orderWords, tokenOrder } from './kernels/embedding.ts';
import { type Lowered, lowerProgram } from './lower.ts';
import { type GpuStore, gpuStore } from './store.ts';
import { type Bound, boundSlots, packNumbers } from './wgsl.ts';

interface Step {
  readonly dispatch: Dispatch;
  readonly prepared: Prepared;
  readonly slots: readonly string[];
  readonly numbersAt: number;
  readonly workspace: number;
}

interface Range {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** Sets of bind groups kept: training, and a few averages in turn. */
const keptSets = 8;
const numbersAlignment = 256;
/** Dispatches of one submit: systems reset a card that works on one for some seconds, and it begins while more are recorded. */
const submitted = 32;

export class GpuExecutable implements Executable {
  readonly program: Program;
  readonly arenaBytes: number;
  readonly #device: Device;
  readonly #arena: Arena;
  readonly #lowered: Lowered;
  readonly #steps: readonly Step[];
  readonly #bound: readonly Tensor[];
  readonly #results: GPUBuffer;
  readonly #numbers: GPUBuffer;
  /** Buffers of constants and of the order of tokens, by name. */
  readonly #tables = new Map<string, GPUBuffer>();
  readonly #orders: readonly { name: string; tokens: Tensor; words: Int32Array<ArrayBuffer> }[];
  readonly #groups = new Map<string, GPUBindGroup[]>();

  constructor(device: Device, arena: Arena, settings: Omit<Settings, 'constants'>, program: Program) {
    this.program = program;
    this.#device = device;
    this.#arena = arena;
    const constants = new Map<string, Uint32Array>();
    this.#lowered = lowerProgram(program, { ...settings, constants }, arena.page);
    this.arenaBytes = this.#lowered.arenaBytes;
    this.#bound = boundTensors(program);
    this.#results = device.buffer(this.#lowered.resultBytes, usage.storage | usage.copySource);
    const table = (name: string, words: number) => {
      const made = device.buffer(4 * words, usage.storage | usage.copyTarget);
      this.#tables.set(name, made);
      return made;
    };
    for (const [name, words] of constants)
      device.queue.writeBuffer(table(name, words.length), 0, words as Uint32Array<ArrayBuffer>);
    this.#orders = program.ops
      .filter((op) => op.kind === 'embeddingBackward')
      .map(({ in: { tokens } }) => {
        const name = `order of ${tokens.store}`;
        const words = new Int32Array(orderWords(sizeOf(tokens.shape)));
        if (!this.#tables.has(name)) table(name, words.length);
        return { name, tokens, words };
      });

    for (const { dispatches } of this.#lowered.ops)
      for (const { operands } of dispatches)
        for (const operand of Object.values(operands)) this.#fits(operand, settings.bindingBytes);

    const packed: Uint32Array[] = [];
    this.#steps = this.#lowered.ops.flatMap(({ dispatches, workspace }) =>
      dispatches.map((dispatch): Step => {
        const bound = this.#boundOf(dispatch);
        packed.push(packNumbers(dispatch.shader, dispatch.numbers));
        return {
          dispatch,
          prepared: device.prepare(dispatch.shader, bound),
          slots: boundSlots(dispatch.shader, bound).map(({ name }) => name),
          numbersAt: numbersAlignment * (packed.length - 1),
          workspace,
        };
      }),
    );
    const numbers = new Uint32Array((numbersAlignment / 4) * Math.max(1, packed.length));
    for (const [at, words] of packed.entries()) numbers.set(words, (numbersAlignment / 4) * at);
    this.#numbers = device.buffer(numbers.byteLength, usage.uniform | usage.copyTarget);
    device.queue.writeBuffer(this.#numbers, 0, numbers);
    arena.reserve(this.arenaBytes);
  }

  /** Throws UserError 'device-memory' where a tensor is more than a binding takes, saying what to lower and to what. */
  #fits(operand: Operand, most: number): void {
    const size = 4 * sizeOfOperand(operand);
    if (size <= most) return;
    const tensor = 'shape' in operand ? operand : 'tensor' in operand ? operand.tensor : null;
    const [batch] = tensor?.shape ?? [0];
    const share = Math.floor((batch * most) / size);
    const weight = tensor !== null && tensor.store !== null;
    throw new UserError(
      'device-memory',
      `The graphics card takes ${mebibytes(most)} at a time, and "${tensor?.name ?? 'a workspace'}" has ${mebibytes(size)}.`,
      weight
        ? `Lower the vocabulary or the width until it fits (at most ${share} rows of it do), or choose another device.`
        : 'Choose a smaller micro-batch with more accumulation' +
            `${share >= 1 && batch > share ? ` (at most ${share} where it has ${batch})` : ', or a shorter block'}.`,
    );
  }

  run(bindings: Readonly<Record<string, Store>>, scalars: Partial<Scalars>): void {
    const complete = completeScalars(scalars);
    const stores = new Map<string, GpuStore>();
    for (const tensor of this.#bound)
      stores.set(tensor.store!, gpuStore(boundStore(this.program, tensor, bindings, complete.ringSlot)));
    this.#device.usable();
    try {
      for (const op of this.program.ops) checkIds(op, stores, complete);
    } catch (error) {
      this.#device.fail(error);
      return;
    }
    for (const { name, tokens, words } of this.#orders) {
      tokenOrder(idsOf(tokens, stores), words);
      this.#device.queue.writeBuffer(this.#tables.get(name)!, 0, words);
    }
    this.#device.queue.writeBuffer(this.#device.scalars, 0, packScalars(complete));
    const groups = this.#bindGroups(stores);
    for (let first = 0; first < this.#steps.length; first += submitted) {
      const encoder = this.#device.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      let pipeline: GPUComputePipeline | null = null;
      for (let at = first; at < Math.min(first + submitted, this.#steps.length); at++) {
        const { prepared, dispatch } = this.#steps[at];
        if (prepared.pipeline !== pipeline) {
          pipeline = prepared.pipeline;
          pass.setPipeline(pipeline);
        }
        pass.setBindGroup(0, groups[at]);
        pass.dispatchWorkgroups(...dispatch.grid);
      }
      pass.end();
      this.#device.queue.submit([encoder.finish()]);
    }
  }

  async result(name: string): Promise<Float32Array> {
    const tensor = this.program.results.find((t) => t.name === name);
    if (!tensor) throw new Error(`program ${this.program.name} has no result "${name}"`);
    const offset = this.#lowered.results.get(tensor.id)!;
    return new Float32Array(await this.#device.read(this.#results, offset, 4 * sizeOf(tensor.shape)));
  }

  free(): void {
    for (const buffer of [this.#results, this.#numbers, ...this.#tables.values()]) buffer.destroy();
    this.#groups.clear();
  }

  /** What of a dispatch is only read, and what is bound once though it has two names. */
  #boundOf(dispatch: Dispatch): Bound {
    const { shader, operands } = dispatch;
    const places = shader.slots.map(({ name, writes = false }) => ({ name, writes, ...this.#place(operands[name]) }));
    const aliases: Record<string, string> = {};
    places.forEach(({ name, key }, at) => {
      const earlier = places.slice(0, at).find((other) => other.key === key);
      if (earlier) aliases[name] = earlier.name;
    });
    const written = new Set(places.filter(({ writes }) => writes).map(({ memory }) => memory));
    return { aliases, readOnly: new Set(places.filter((p) => !written.has(p.memory)).map(({ name }) => name)) };
  }

  /** Which memory an operand lies in, and which part of it. Pages of the arena count as one. */
  #place(operand: Operand): { memory: string; key: string } {
    if ('table' in operand) return { memory: operand.table, key: operand.table };
    if ('workspace' in operand) return { memory: 'arena', key: `workspace ${operand.start}` };
    const { tensor, start = 0, whole = false } = 'tensor' in operand ? operand : { tensor: operand };
    if (tensor.store !== null) {
      const memory = `store ${tensor.store}`;
      return { memory, key: `${memory} ${whole ? 0 : tensor.offset + start}` };
    }
    return { memory: this.#lowered.results.has(tensor.id) ? 'results' : 'arena', key: `tensor ${tensor.id} ${start}` };
  }

  #bindGroups(stores: ReadonlyMap<string, GpuStore>): readonly GPUBindGroup[] {
    const key = [this.#arena.version, ...[...stores.values()].map(({ id }) => id)].join(' ');
    let groups = this.#groups.get(key);
    if (!groups) {
      groups = this.#steps.map((step) => this.#bindGroup(step, stores));
      if (this.#groups.size >= keptSets) this.#groups.delete(this.#groups.keys().next().value!);
      this.#groups.set(key, groups);
    }
    return groups;
  }

  #bindGroup(step: Step, stores: ReadonlyMap<string, GpuStore>): GPUBindGroup {
    const { dispatch, prepared, numbersAt, workspace, slots } = step;
    const numbers = { buffer: this.#numbers, offset: numbersAt, size: numbersAlignment };
    const entries: GPUBindGroupEntry[] = [
      { binding: 0, resource: numbers },
      { binding: 1, resource: { buffer: this.#device.scalars } },
      ...slots.map((name, at) => {
        return { binding: at + 2, resource: this.#range(dispatch.operands[name], workspace, stores) };
      }),
    ];
    return this.#device.device.createBindGroup({ label: dispatch.shader.name, layout: prepared.layout, entries });
  }

  #range(operand: Operand, workspace: number, stores: ReadonlyMap<string, GpuStore>): Range {
    if ('table' in operand) {
      const buffer = this.#tables.get(operand.table)!;
      return { buffer, offset: 0, size: buffer.size };
    }
    if ('workspace' in operand) return this.#arena.range(workspace + 4 * operand.start, 4 * operand.elements);
    const { tensor, start = 0, whole = false, elements } = 'tensor' in operand ? operand : { tensor: operand };
    const size = 4 * (elements ?? sizeOf(tensor.shape));
    if (tensor.store === null) {
      const result = this.#lowered.results.get(tensor.id);
      if (result !== undefined) return { buffer: this.#results, offset: result + 4 * start, size };
      return this.#arena.range(this.#lowered.offsets.get(tensor.id)! + 4 * start, size);
    }
    const store = stores.get(tensor.store)!;
    if (whole) return { buffer: store.buffer, offset: 0, size: 4 * store.elements };
    return { buffer: store.buffer, offset: 4 * (tensor.offset + start), size };
  }
}

/** Elements that are bound; of tables and whole stores none, since they are small. */
function sizeOfOperand(operand: Operand): number {
  if ('table' in operand) return 0;
  if ('workspace' in operand) return operand.elements;
  if ('shape' in operand) return sizeOf(operand.shape);
  return operand.whole ? 0 : (operand.elements ?? sizeOf(operand.tensor.shape));
}

function idsOf(tensor: Tensor, stores: ReadonlyMap<string, GpuStore>): Int32Array {
  return stores.get(tensor.store!)!.mirror!.subarray(tensor.offset, tensor.offset + sizeOf(tensor.shape));
}

/** Throws Error where an operation would read past a table, a cache or the vocabulary. */
function checkIds(op: AnyOp, stores: ReadonlyMap<string, GpuStore>, { position }: Scalars): void {
  const check = (ids: Int32Array, rows: number) => {
    for (const id of ids) if (id < 0 || id >= rows) throw new Error(`${op.kind}: token ${id} is not in [0, ${rows})`);
  };
  switch (op.kind) {
    case 'embedding': {
      const { tokens, wte } = op.in;
      const wpe = op.in.wpe!;
      check(idsOf(tokens, stores), wte.shape[0]);
      const end = position + tokens.shape[1];
      if (end > wpe.shape[0])
        throw new Error(
          `embedding: position ${position} + ${tokens.shape[1]} tokens passes ${wpe.shape[0]} rows of wpe`,
        );
      return;
    }
    case 'embeddingBackward':
      check(idsOf(op.in.tokens, stores), op.out.dwte.shape[0]);
      return;
    case 'classifierLoss':
    case 'classifierLossTrain':
      check(idsOf(op.in.targets, stores).subarray(0, rowsOf(op.in.x)), op.attrs.vocab);
      return;
    case 'cachedAttention': {
      const time = op.in.qkv.shape[1];
      const room = op.in.keys.shape[2];
      if (position + time > room)
        throw new Error(`cachedAttention: position ${position} + ${time} tokens passes the cache of ${room}`);
    }
  }
}

function packScalars(given: Scalars): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(8);
  const floats = new Float32Array(words.buffer);
  words.set([given.accumulate, 0, given.seed, given.step, given.microBatch, given.position, 0, given.ringSlot]);
  floats[1] = given.lossScale;
  floats[6] = given.learningRate;
  return words;
}
