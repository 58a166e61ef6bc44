/** Golden tensors by name, in and out of a backend's parameter vector. */
import type { ModelConfig } from '../../shared/config.ts';
import type { Backend, Floats } from '../backends/backend.ts';
import { evaluateProgram } from '../model/gpt.ts';
import { initialWeights } from '../model/init.ts';
import { parameterTable } from '../model/table.ts';
import type { ParameterTable } from '../program/types.ts';
import { Random, Streams } from '../random.ts';
import type { Golden } from './fixture.ts';

/** A store that holds the golden weights where the table says. Throws Error when names or shapes differ. */
export function vectorOf(backend: Backend, table: ParameterTable, weights: Map<string, Golden>): Floats {
  const names = table.entries.map((e) => e.name).sort();
  const given = [...weights.keys()].sort();
  if (names.join() !== given.join())
    throw new Error(`the table has ${names.join(' ')}, the fixture ${given.join(' ')}`);
  const store = backend.store('f32', table.elements);
  for (const { name, shape, offset } of table.entries) {
    const golden = weights.get(name)!;
    if (golden.shape.join() !== shape.join())
      throw new Error(`${name} is [${shape}] here and [${golden.shape}] in the fixture`);
    store.write(offset, golden.data as Float32Array);
  }
  return store;
}

/** The whole vector; golden models are small enough for one read. */
export function readAll(store: Floats): Promise<Float32Array> {
  return store.read(0, store.elements);
}

/** Each tensor's slice of a vector. */
export function slices(table: ParameterTable, vector: Float32Array): Map<string, Float32Array> {
  return new Map(
    table.entries.map(({ name, shape, offset }) => [
      name,
      vector.subarray(offset, offset + shape.reduce((a, b) => a * b, 1)),
    ]),
  );
}

/** Elements between tensors: zero, and they stay zero. */
export function gaps(table: ParameterTable, vector: Float32Array): number[] {
  const rest = Float32Array.from(vector);
  for (const slice of slices(table, rest).values()) slice.fill(0);
  return [...rest];
}

/**
 * Weights that leave no path of the model silent, the same on every machine: initialWeights six times as loud, and
 * every gain and bias moved from its place of rest. Padding stays zero.
 */
export function loudWeights(backend: Backend, model: ModelConfig, seed: number): Floats {
  const table = parameterTable(model);
  const store = backend.store('f32', table.elements);
  for (const { offset, data } of initialWeights(model, seed)) {
    for (let i = 0; i < data.length; i++) data[i] *= 6;
    store.write(offset, data);
  }
  for (const [index, { name, shape, offset }] of table.entries.entries()) {
    if (shape.length > 1) continue;
    const random = new Random(seed, Streams.probe, index, 0);
    const rest = name.endsWith('.weight') ? 1 : 0;
    store.write(
      offset,
      Float32Array.from({ length: shape[0] }, (_, i) => rest + 0.2 * random.normal(i)),
    );
  }
  return store;
}

/** Loss in nats of every target of sequences [B][T + 1] of ids: each id is the target of those before it. */
export async function tokenLosses(
  backend: Backend,
  model: ModelConfig,
  parameters: Floats,
  sequences: readonly (readonly number[])[],
): Promise<Float32Array> {
  const batch = sequences.length;
  const length = sequences[0].length - 1;
  const tokens = backend.store('i32', batch * length);
  const targets = backend.store('i32', batch * length);
  tokens.write(0, Int32Array.from(sequences.flatMap((row) => row.slice(0, -1))));
  targets.write(0, Int32Array.from(sequences.flatMap((row) => row.slice(1))));
  const program = backend.compile(evaluateProgram(model, { batch, tokens: length }));
  program.run({ parameters, tokens, targets }, { position: 0 });
  const losses = await program.result('losses');
  program.free();
  tokens.free();
  targets.free();
  return losses;
}
