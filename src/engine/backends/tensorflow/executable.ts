/** A compiled program: operations run one by one, and activations go when their last reader has run. */

import { planArena, stepsOf } from '../../program/plan.ts';
import { readsOf, sizeOf, writesOf } from '../../program/shapes.ts';
import type { AnyOp, Program, Scalars, Tensor } from '../../program/types.ts';
import type { Executable, Store } from '../backend.ts';
import { boundStore, boundTensors } from '../bindings.ts';
import type { Queue } from '../queue.ts';
import { completeScalars } from '../scalars.ts';
import { onlyGpt2 } from '../unsupported.ts';
import { kernels } from './kernels/index.ts';
import type { Tf, Value } from './library.ts';
import { lastSites } from './masks.ts';
import { type Kernel, Memory } from './memory.ts';
import { storeOf } from './store.ts';

const floatBytes = 4;

export class TensorflowExecutable implements Executable {
  readonly program: Program;
  readonly arenaBytes: number;
  readonly #tf: Tf;
  readonly #queue: Queue;
  readonly #bound: readonly Tensor[];
  /** By operation, the activations that nothing after it touches; results are none of them. */
  readonly #gone: ReadonlyMap<AnyOp, readonly Tensor[]>;
  readonly #lastSites: ReturnType<typeof lastSites>;
  /** Of the latest run. */
  readonly #results = new Map<string, Value>();

  /** @throws UserError 'backend-unsupported' where the program is of an architecture that this backend does not know */
  constructor(tf: Tf, queue: Queue, program: Program) {
    onlyGpt2('tensorflow', program);
    this.program = program;
    this.#tf = tf;
    this.#queue = queue;
    // TensorFlow allocates by itself; a plan by lifetime is what it needs at the least.
    this.arenaBytes = planArena(stepsOf(program), (t) => floatBytes * sizeOf(t.shape), program.results).bytes;
    this.#bound = boundTensors(program);
    this.#gone = lastTouches(program);
    this.#lastSites = lastSites(program.ops);
  }

  run(bindings: Readonly<Record<string, Store>>, scalars: Partial<Scalars>): void {
    const complete = completeScalars(scalars);
    const stores = new Map(
      this.#bound.map((t) => [t.store!, storeOf(boundStore(this.program, t, bindings, complete.ringSlot))]),
    );
    this.#queue.push(() => this.#steps(new Memory(this.#tf, complete, stores)));
  }

  async result(name: string): Promise<Float32Array> {
    if (!this.program.results.some((t) => t.name === name))
      throw new Error(`program ${this.program.name} has no result "${name}"`);
    return this.#queue.read(() => {
      const value = this.#results.get(name);
      if (!value) throw new Error(`program ${this.program.name} has not run, so "${name}" is not known`);
      return Float32Array.from(value.dataSync());
    });
  }

  /** In queue order, so that results asked for before are still given. */
  free(): void {
    this.#queue.push(() => {
      this.#dropResults();
      return undefined;
    });
  }

  *#steps(memory: Memory): Generator<void> {
    try {
      for (const op of this.program.ops) {
        yield* memory.masks.prepare(op);
        const kernel = kernels[op.kind as keyof typeof kernels] as Kernel<typeof op.kind>;
        // A kernel that pauses keeps its own values; a tidy cannot span a turn of the event loop.
        let pauses: undefined | Iterable<void>;
        this.#tf.tidy(() => {
          pauses = kernel(op as never, memory);
        });
        if (pauses) yield* pauses;
        for (const tensor of this.#gone.get(op) ?? []) memory.take(tensor)?.dispose();
        const site = this.#lastSites.get(op);
        if (site) memory.masks.release(site);
        yield;
      }
      this.#dropResults();
      for (const tensor of this.program.results) this.#results.set(tensor.name, memory.take(tensor)!);
    } finally {
      memory.dispose();
    }
  }

  #dropResults(): void {
    for (const value of this.#results.values()) value.dispose();
    this.#results.clear();
  }
}

function lastTouches(program: Program): Map<AnyOp, Tensor[]> {
  const kept = new Set(program.results.map((t) => t.id));
  const last = new Map<number, [Tensor, AnyOp]>();
  for (const op of program.ops)
    for (const tensor of [...readsOf(op), ...writesOf(op)])
      if (tensor.role === 'activation' && !kept.has(tensor.id)) last.set(tensor.id, [tensor, op]);
  const gone = new Map<AnyOp, Tensor[]>();
  for (const [tensor, op] of last.values()) gone.set(op, [...(gone.get(op) ?? []), tensor]);
  return gone;
}
