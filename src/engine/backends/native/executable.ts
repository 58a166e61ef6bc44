/** A compiled program: checks what is bound and hands it to the addon. */
import { sizeOf } from '../../program/shapes.ts';
import type { Program, Scalars, Tensor } from '../../program/types.ts';
import type { Executable, Store } from '../backend.ts';
import type { Addon, EngineHandle, ProgramHandle } from './addon.ts';
import { type Lowered, lowerProgram } from './lower.ts';
import { handleOf, NativeStore } from './store.ts';

export class NativeExecutable implements Executable {
  readonly program: Program;
  readonly arenaBytes: number;
  readonly #addon: Addon;
  readonly #engine: EngineHandle;
  readonly #lowered: Lowered;
  readonly #results: NativeStore<'f32'>;
  readonly #handle: ProgramHandle;
  /** Elements that each binding must have at least, by store; the ring's depends on the run. */
  readonly #needs = new Map<string, { elements: number; tensor: Tensor }>();

  constructor(addon: Addon, engine: EngineHandle, program: Program, fusion: boolean) {
    this.program = program;
    this.#addon = addon;
    this.#engine = engine;
    this.#lowered = lowerProgram(program, fusion);
    this.arenaBytes = this.#lowered.arenaBytes;
    for (const tensor of this.#lowered.bound) {
      const elements = tensor.store === 'ring' ? 0 : tensor.offset + sizeOf(tensor.shape);
      const most = this.#needs.get(tensor.store!);
      if (!most || most.elements < elements) this.#needs.set(tensor.store!, { elements, tensor });
    }
    this.#results = new NativeStore(addon, engine, 'f32', this.#lowered.resultElements);
    this.#handle = addon.program(engine, this.#lowered.code, this.arenaBytes, this.#results.handle());
  }

  run(bindings: Readonly<Record<string, Store>>, scalars: Partial<Scalars>): void {
    const { accumulate = 0, lossScale = 1, seed = 0, step = 0, microBatch = 0 } = scalars;
    const { position = 0, learningRate = 0, ringSlot = 0 } = scalars;
    const stores = this.#lowered.bindings.map((name) => this.#binding(name, bindings, ringSlot));
    const numbers = [accumulate, lossScale, seed >>> 0, step >>> 0, microBatch >>> 0, position, learningRate, ringSlot];
    this.#addon.run(this.#engine, this.#handle, stores, Float64Array.from(numbers));
  }

  async result(name: string): Promise<Float32Array> {
    const tensor = this.program.results.find((t) => t.name === name);
    if (!tensor) throw new Error(`program ${this.program.name} has no result "${name}"`);
    const offset = 4 * this.#lowered.resultOffsets.get(tensor.id)!;
    const bytes = await this.#addon.read(this.#engine, this.#results.handle(), offset, 4 * sizeOf(tensor.shape));
    return new Float32Array(bytes);
  }

  free(): void {
    this.#results.free();
  }

  #binding(name: string, bindings: Readonly<Record<string, Store>>, ringSlot: number) {
    const { tensor, elements } = this.#needs.get(name)!;
    const store = bindings[name];
    const fail = (message: string) => new Error(`program ${this.program.name}: ${message}`);
    if (!store) throw fail(`nothing is bound to "${name}"`);
    if (store.dtype !== tensor.dtype)
      throw fail(`"${name}" must be ${tensor.dtype}, a store of ${store.dtype} is bound`);
    if (!Number.isInteger(ringSlot) || ringSlot < 0) throw fail(`ringSlot ${ringSlot} is no row of a ring`);
    const need = name === 'ring' ? 4 * (ringSlot + 1) : elements;
    if (store.elements < need)
      throw fail(`"${name}" needs ${need} elements for "${tensor.name}", ${store.elements} are bound`);
    return handleOf(store);
  }
}
