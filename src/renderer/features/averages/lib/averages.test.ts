import { describe, expect, it } from 'vitest';
import type { AveragesState, WrittenModel } from '../../../../shared/averages.ts';
import type { EvaluationResult } from '../../../../shared/jobs.ts';
import type { EvaluationLine } from '../../../../shared/metrics.ts';
import { chosen } from './choice.ts';
import { gainRange, gainShape, gainsOf, tally, thinned } from './gain.ts';
import { heldPolicy, meanAgeOf, medianAge, places } from './holds.ts';
import { moved, suggestedMergeName, withInputs } from './merge-inputs.ts';
import { modelRows, pressed, sortedModels } from './models.ts';
import { axisOver, keptWindow, movedByKey, movedTo, proposedWindow, spacingOf, windowOver } from './window.ts';

const evaluation = (step: number, difference: number | null, full = true): EvaluationLine => ({
  type: 'evaluation',
  step,
  seconds: step,
  raw: 2,
  rawStandardError: 0.01,
  blocks: 8,
  averages: {
    ema: { loss: difference === null ? null : 2 + difference, difference, standardError: 0.01, count: 3, full },
  },
  took: 1,
});

describe('the gain over time', () => {
  const gains = gainsOf(
    [evaluation(0, 5, false), evaluation(10, -0.1), evaluation(20, null), evaluation(30, 0.015), evaluation(40, 0.03)],
    'ema',
  );

  it('leaves out what is not finite, and counts honestly', () => {
    expect(gains.map(({ step }) => step)).toEqual([0, 10, 30, 40]);
    // Two standard errors are 0.02: only what lies beyond is a difference, and a filling window is none.
    expect(tally(gains)).toEqual({ better: 1, level: 1, worse: 1 });
    expect(gainsOf([evaluation(1, 1)], 'lawa')).toEqual([]);
  });

  it('has an axis that a bad start does not flatten, with zero on it', () => {
    const [low, high] = gainRange(gains);
    expect(low).toBeLessThan(-0.12);
    expect(low).toBeGreaterThan(-0.2);
    expect(high).toBeGreaterThan(0.05);
    expect(high).toBeLessThan(0.1);
    expect(gainRange([])).toEqual([-0.01, 0.01]);
  });

  it('is drawn with a band of two standard errors', () => {
    const { band, line } = gainShape(gains.slice(1, 3), { x: (step) => step, y: (value) => -100 * value });
    expect(line).toBe('M10.0,10.0L30.0,-1.5');
    expect(band).toBe('M10.0,8.0L30.0,-3.5L30.0,0.5L10.0,12.0Z');
    expect(gainShape(gains.slice(0, 1), { x: (s) => s, y: (v) => v })).toEqual({ band: '', line: '' });
  });

  it('is thinned to its ends', () => {
    const many = Array.from({ length: 1000 }, (_, i) => i);
    const few = thinned(many, 50);
    expect([few.length, few[0], few.at(-1)]).toEqual([50, 0, 999]);
    expect(thinned(many.slice(0, 3), 50)).toEqual([0, 1, 2]);
  });
});

describe('a window over kept steps', () => {
  const steps = [0, 100, 200, 400, 500, 600];

  it('takes what lies between the ends of a drag, whichever way it went', () => {
    expect(windowOver(steps, 90, 410)).toEqual({ first: 1, last: 3 });
    expect(windowOver(steps, 410, 90)).toEqual({ first: 1, last: 3 });
    expect(windowOver(steps, 210, 390)).toBeNull();
    expect(windowOver(steps, 700, 900)).toBeNull();
    expect(windowOver(steps, 350, 450)).toBeNull();
  });

  it('moves by keys and never closes', () => {
    const window = { first: 2, last: 4 };
    expect(movedByKey(window, 'first', 'ArrowLeft', 6)).toEqual({ first: 1, last: 4 });
    expect(movedByKey(window, 'first', 'End', 6)).toEqual({ first: 3, last: 4 });
    expect(movedByKey({ first: 3, last: 4 }, 'first', 'ArrowRight', 6)).toEqual({ first: 3, last: 4 });
    expect(movedByKey(window, 'last', 'Home', 6)).toEqual({ first: 2, last: 3 });
    expect(movedByKey(window, 'last', 'PageUp', 6)).toEqual({ first: 2, last: 5 });
    expect(movedByKey(window, 'last', 'a', 6)).toBeNull();
    expect(movedTo(window, 'last', steps, 580)).toEqual({ first: 2, last: 5 });
    expect(movedTo(window, 'last', steps, 0)).toEqual({ first: 2, last: 3 });
  });

  it('stays over the same steps while the run keeps and lets go', () => {
    expect(keptWindow({ first: 2, last: 4 }, steps, [200, 500, 700])).toEqual({ first: 0, last: 1 });
    expect(keptWindow({ first: 0, last: 1 }, steps, [400, 500])).toBeNull();
    expect([proposedWindow(1), proposedWindow(3), proposedWindow(9)]).toEqual([
      null,
      { first: 0, last: 2 },
      { first: 4, last: 8 },
    ]);
  });

  it('has an axis over what is kept, not over a long past that is gone', () => {
    expect(axisOver([100, 900], 1000)).toEqual({ from: 0, to: 1000 });
    expect(axisOver([4000, 5000], 5000)).toEqual({ from: 3950, to: 5000 });
    expect(axisOver([], 0)).toEqual({ from: 0, to: 1 });
  });

  it('says how far apart its steps are', () => {
    expect(spacingOf([100, 200, 300])).toEqual({ from: 100, to: 100 });
    expect(spacingOf(steps)).toEqual({ from: 100, to: 200 });
    expect(spacingOf([5])).toBeNull();
  });
});

describe('what is held', () => {
  const point = { bytes: 900, loss: null, heldBy: [] };
  const state: AveragesState = {
    step: 20,
    weightBytes: 400,
    policies: [],
    points: [
      { ...point, step: 10, kind: 'snapshot' },
      { ...point, step: 20, kind: 'checkpoint' },
    ],
    models: [],
  };
  const shares = [10, 20, 30].map((step) => ({ step, share: 1 / 3 }));

  it('lies where a file has it, else in the memory of the run that trains', () => {
    expect(places(shares, state, true).map(({ place }) => place)).toEqual(['snapshot', 'checkpoint', 'memory']);
    expect(places(shares, state, false)[2]).toMatchObject({ place: 'gone', bytes: 0 });
  });

  it('is known from the configuration before a checkpoint knows it', () => {
    const lawa = { kind: 'lawa', id: 'lawa', k: 3, spacing: 10, start: null } as const;
    const config = { policies: [lawa], steps: 100, schedule: { kind: 'constant', warmupSteps: 5 } } as never;
    expect(heldPolicy(state, config, 'lawa')).toMatchObject({ count: 0, config: { start: 10 } });
    expect(heldPolicy(state, config, 'late')).toBeNull();
  });

  it('has an age', () => {
    expect(meanAgeOf(shares, 30)).toBeCloseTo(10);
    expect(medianAge(shares, 30)).toBe(10);
    expect(medianAge([], 30)).toBeNull();
  });
});

describe('models of others', () => {
  it('come oldest first as their names count, each once', () => {
    expect(withInputs(['/a/step-1000'], ['/a/step-900', '/b/step-1000', '/a/step-900'])).toEqual([
      '/a/step-900',
      '/a/step-1000',
      '/b/step-1000',
    ]);
    expect(moved(['a', 'b', 'c'], 2, -1)).toEqual(['a', 'c', 'b']);
    expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b']);
  });

  it('suggest a name', () => {
    expect(suggestedMergeName(['/m/pythia-70m-step1000', '/m/pythia-70m-step2000'], [])).toBe(
      'pythia-70m-step mean of 2',
    );
    expect(suggestedMergeName(['C:\\x\\ckpt1.pt', 'C:\\x\\ckpt2.pt'], ['ckpt mean of 2'])).toBe('ckpt mean of 2 2');
    expect(suggestedMergeName(['/a', '/b'], [])).toBe('mean of 2');
    expect(suggestedMergeName(['/runs/quickstart'], ['quickstart mean'])).toBe('quickstart mean 2');
  });
});

describe('a choice among windows', () => {
  const half = (difference: number) => ({ difference, standardError: 0.01, verdict: 'better' as const });
  const tried = (first: number, second: number) => ({
    result: { halves: [half(first), half(second)] } as unknown as EvaluationResult,
  });

  it('is made on one half and judged on the other', () => {
    const [lucky, steady] = [tried(-0.3, -0.1), tried(-0.2, -0.2)];
    expect(chosen([steady, lucky])).toMatchObject({ best: lucky, judged: { difference: -0.1 } });
    expect(chosen([lucky])).toBeNull();
    expect(chosen([lucky, { result: {} as EvaluationResult }])).toBeNull();
  });
});

describe('the table of models', () => {
  const model = (name: string, of: string | null, step: number | null, bytes: number): WrittenModel => ({
    path: `/${name}`,
    name,
    kind: 'export',
    layout: 'huggingface',
    bytes,
    createdAt: '2026-01-01T00:00:00Z',
    of,
    step,
    recipe: null,
    dtype: 'float32',
    loss: null,
  });
  const rows = modelRows(
    [
      model('b', 'ema', 10, 5),
      model('a', 'raw', 10, 7),
      model('c', null, null, 6),
      { ...model('d', 'window', 10, 1), loss: 1 },
    ],
    [evaluation(10, -0.5)],
  );

  it('finds the losses that the run measured', () => {
    expect(rows.map(({ loss }) => loss)).toEqual([1.5, 2, null, 1]);
  });

  it('sorts by any column, the unknown last', () => {
    const names = (by: 'name' | 'bytes' | 'loss', down: boolean) =>
      sortedModels(rows, { by, down })
        .map(({ name }) => name)
        .join('');
    expect(names('name', false)).toBe('abcd');
    expect(names('bytes', true)).toBe('acbd');
    expect(names('loss', false)).toBe('dbac');
    expect(names('loss', true)).toBe('abdc');
    expect(pressed({ by: 'name', down: false }, 'name')).toEqual({ by: 'name', down: true });
    expect(pressed({ by: 'name', down: false }, 'bytes')).toEqual({ by: 'bytes', down: true });
  });
});
