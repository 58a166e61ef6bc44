import { describe, expect, it } from 'vitest';
import { modelConfig } from '../../shared/config.ts';
import { Dice, generateForward } from '../backends/conformance/generate.ts';
import { trainProgram } from '../model/gpt.ts';
import { derive } from './derive.ts';
import { type ArenaPlan, arenaAlignment, type PlanStep, planArena, stepsOf } from './plan.ts';
import { sizeOf } from './shapes.ts';
import type { Tensor } from './types.ts';

const tensor = (id: number, bytes: number, role: Tensor['role'] = 'activation'): Tensor => ({
  id,
  name: `t${id}`,
  shape: [bytes],
  dtype: 'f32',
  role,
  store: role === 'activation' ? null : 'parameters',
  offset: 0,
});
const bytesOf = (t: Tensor) => sizeOf(t.shape);

/** Steps that need a tensor: from the first that touches it to the last, or to the end where it is kept. */
function lives(steps: readonly PlanStep[], kept: readonly Tensor[]): Map<number, [number, number, number]> {
  const spans = new Map<number, [number, number, number]>();
  steps.forEach((step, at) => {
    for (const t of [...step.reads, ...step.writes])
      if (t.role === 'activation') spans.set(t.id, [spans.get(t.id)?.[0] ?? at, at, bytesOf(t)]);
  });
  for (const t of kept) spans.set(t.id, [spans.get(t.id)![0], steps.length - 1, bytesOf(t)]);
  steps.forEach((step, at) => {
    if (step.workspace) spans.set(-1 - at, [at, at, step.workspace]);
  });
  return spans;
}

function verify(steps: readonly PlanStep[], kept: readonly Tensor[], plan: ArenaPlan): void {
  const blocks = [...lives(steps, kept)].map(([id, [first, last, bytes]]) => {
    const start = id < 0 ? plan.workspaces[-1 - id] : plan.offsets.get(id)!;
    expect(start % arenaAlignment).toBe(0);
    expect(start + bytes).toBeLessThanOrEqual(plan.bytes);
    return { id, first, last, start, end: start + bytes };
  });
  for (const a of blocks)
    for (const b of blocks)
      if (a.id < b.id && a.first <= b.last && b.first <= a.last)
        expect(a.end <= b.start || b.end <= a.start, `${a.id} and ${b.id} overlap`).toBe(true);
}

/** Bytes that the busiest step needs: no plan can do with less. */
function lowerBound(steps: readonly PlanStep[], kept: readonly Tensor[]): number {
  const spans = [...lives(steps, kept).values()];
  return Math.max(
    0,
    ...steps.map((_, at) =>
      spans
        .filter(([first, last]) => first <= at && at <= last)
        .reduce((sum, [, , bytes]) => sum + Math.ceil(bytes / arenaAlignment) * arenaAlignment, 0),
    ),
  );
}

describe('planArena', () => {
  it('never lets two tensors that are needed at once share bytes: random lists', () => {
    for (let seed = 0; seed < 150; seed++) {
      const dice = new Dice(seed, 3);
      const steps: PlanStep[] = [];
      const alive: Tensor[] = [];
      const length = dice.between(1, 40);
      for (let at = 0; at < length; at++) {
        const reads = Array.from({ length: dice.between(0, 3) }, () => dice.pick(...alive)).filter((t) => t);
        const writes = Array.from({ length: dice.between(0, 2) }, (_, i) => tensor(at * 4 + i, dice.between(1, 5000)));
        const workspace = dice.pick(0, 0, dice.between(1, 9000));
        steps.push({ reads: [...reads, tensor(9999, 64, 'parameter')], writes, workspace });
        alive.push(...writes);
      }
      const kept = alive.filter(() => dice.between(0, 5) === 0);
      const plan = planArena(steps, bytesOf, kept);
      verify(steps, kept, plan);
      expect(plan.offsets.size).toBe(alive.length);
    }
  });

  it('holds for generated programs and their derivatives', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const program = derive(generateForward(seed).program);
      const steps = stepsOf(program);
      verify(
        steps,
        program.results,
        planArena(steps, (t) => 4 * sizeOf(t.shape), program.results),
      );
    }
  });

  it('reuses memory: a training step of GPT-2 small takes little more than its busiest moment', () => {
    const gpt2 = modelConfig.parse({ blockSize: 256, vocabSize: 50257, layers: 12, heads: 12, width: 768, bias: true });
    const program = trainProgram(gpt2, { batch: 4, tokens: 256 });
    const steps = stepsOf(program);
    const bytes = (t: Tensor) => 4 * sizeOf(t.shape);
    const plan = planArena(steps, bytes, program.results);
    const all = [...lives(steps, []).values()].reduce((sum, [, , size]) => sum + 4 * size, 0);
    expect(plan.bytes).toBeLessThan(1.1 * 4 * lowerBound(steps, program.results));
    expect(plan.bytes).toBeLessThan(0.8 * all);
  });

  it('is the same plan every time', () => {
    const { program } = generateForward(8);
    const once = planArena(stepsOf(program), bytesOf, program.results);
    const again = planArena(stepsOf(program), bytesOf, program.results);
    expect([...again.offsets]).toEqual([...once.offsets]);
  });

  it('refuses a step that reads what nothing wrote', () => {
    expect(() => planArena([{ reads: [tensor(1, 4)], writes: [] }], bytesOf)).toThrow(/step 0 reads "t1"/);
    const added = tensor(2, 4);
    expect(() => planArena([{ reads: [added], writes: [added] }], bytesOf)).toThrow(/reads "t2"/);
  });
});
