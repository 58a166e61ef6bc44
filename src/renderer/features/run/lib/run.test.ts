import { describe, expect, it } from 'vitest';
import type { EvaluationLine } from '../../../../shared/metrics.ts';
import { RunSeries } from '../../../lib/series.ts';
import { forkProposal } from './fork-proposal.ts';
import { averageIds, lossLines, markers, watching } from './loss-lines.ts';
import { bestStanding, inWords, standings } from './standing.ts';

type Averages = EvaluationLine['averages'];
const average = (loss: number | null, difference: number | null, full = true, count = 5): Averages[string] => ({
  loss,
  difference,
  standardError: 0.002,
  count,
  full,
});
const evaluation = (step: number, raw: number | null, averages: Averages = {}): EvaluationLine => ({
  type: 'evaluation',
  step,
  seconds: step / 2,
  raw,
  rawStandardError: 0.01,
  blocks: 64,
  averages,
  took: 1,
});
const seriesOf = (lines: EvaluationLine[]) => {
  const series = new RunSeries();
  for (const line of lines) series.push(line);
  return series;
};
const options = { axis: 'step' as const, tokensPerStep: 100, training: false, hidden: new Set<string>() };
const constant = {
  schedule: {
    kind: 'constant' as const,
    peak: 1e-3,
    min: 0,
    warmupSteps: 0,
    warmupForm: 'shifted' as const,
    cooldownSteps: 0,
    cooldownForm: '1-sqrt' as const,
    rewarm: null,
  },
  steps: 300,
  init: { from: 'random' as const },
};

describe('lines of the chart', () => {
  const series = seriesOf([
    evaluation(0, 4),
    evaluation(100, 2, { lawa: average(2.5, 0.5, false, 2) }),
    evaluation(200, 1.8, { lawa: average(1.7, -0.1, true) }),
    evaluation(300, 1.7, { lawa: average(1.6, -0.1, true) }),
  ]);

  it('dash LAWA while its window is filling and join the two parts', () => {
    const lines = lossLines(series, ['lawa'], options);
    const filling = lines.find((line) => line.key === 'lawa filling');
    const full = lines.find((line) => line.key === 'lawa full');
    expect(filling?.dash).toBeDefined();
    expect(Array.from(filling?.xs ?? [])).toEqual([100, 200]);
    expect(Array.from(full?.xs ?? [])).toEqual([200, 300]);
  });

  it('put tokens or seconds on the axis', () => {
    expect(Array.from(lossLines(series, [], { ...options, axis: 'tokens' })[0].xs)).toEqual([
      0, 10_000, 20_000, 30_000,
    ]);
    expect(Array.from(lossLines(series, [], { ...options, axis: 'time' })[0].xs)).toEqual([0, 50, 100, 150]);
  });

  it('leave out what is hidden, and keep the colour of the others', () => {
    const both = lossLines(series, ['ema', 'lawa'], options).find((line) => line.key === 'lawa full');
    const one = lossLines(series, ['ema', 'lawa'], { ...options, hidden: new Set(['ema', 'raw']) });
    expect(one.map((line) => line.key)).toEqual(['lawa filling', 'lawa full']);
    expect(one[1].color).toBe(both?.color);
  });

  it('know averages that were removed from the configuration later', () => {
    expect(averageIds(series, ['ema'])).toEqual(['ema', 'lawa']);
    expect(averageIds(null, ['ema'])).toEqual(['ema']);
  });

  it('follow averages that come and go while the run goes on', () => {
    const changing = seriesOf([evaluation(0, 4), evaluation(100, 3, { swa: average(2, -1) })]);
    const change = (id: string, change: 'added' | 'removed') =>
      changing.push({ type: 'policy', step: 100, id, change, backfilled: false });
    change('late', 'added');
    change('ema', 'removed');
    change('swa', 'removed');
    expect([...watching(changing, ['ema', 'swa'])]).toEqual(['late']);
    // What was measured stays on the chart; what never was does not.
    expect(averageIds(changing, ['ema', 'swa'])).toEqual(['swa', 'late']);
  });

  it('mark checkpoints and resumes at their place on the axis', () => {
    const marked = seriesOf([evaluation(0, 4)]);
    marked.push({ type: 'train', step: 0, seconds: 0, loss: 1, gradientNorm: 1, learningRate: 1, tokensPerSecond: 1 });
    marked.push({ type: 'train', step: 1, seconds: 7, loss: 1, gradientNorm: 1, learningRate: 1, tokensPerSecond: 1 });
    marked.push({ type: 'checkpoint', step: 1, bytes: 1 });
    marked.push({ type: 'resume', from: 2, exact: true });
    expect(markers(marked, 'time', 100)).toEqual([
      { x: 7, kind: 'tick' },
      { x: 7, kind: 'line' },
    ]);
    expect(markers(marked, 'tokens', 100)[0].x).toBe(100);
  });
});

describe('standings', () => {
  it('do not call a filling window best, however low it is', () => {
    const all = standings(
      [evaluation(100, 2, { lawa: average(1, -1, false), ema: average(1.9, -0.1) })],
      ['lawa', 'ema'],
    );
    expect(all.get('lawa')?.verdict).toBeNull();
    expect(bestStanding(all.values())?.id).toBe('ema');
  });

  it('say nothing of losses that are not finite', () => {
    const all = standings([evaluation(100, null, { ema: average(null, null) })], ['ema']);
    expect(all.get('ema')?.verdict).toBeNull();
    expect(bestStanding(all.values())).toBeNull();
  });

  it('take the word from two standard errors', () => {
    const verdict = (difference: number) =>
      standings([evaluation(1, 2, { ema: average(2, difference) })], ['ema']).get('ema')?.verdict;
    expect(verdict(-0.005)).toBe('better');
    expect(verdict(-0.003)).toBe('no difference');
    expect(verdict(0.005)).toBe('worse');
  });
});

describe('in words', () => {
  it('quotes the gain with its error, since when it holds, and what an annealed run may do', () => {
    const said = inWords(
      [evaluation(100, 2, { ema: average(1.75, -0.25) }), evaluation(300, 1.8, { ema: average(1.7, -0.1) })],
      ['ema'],
      constant,
    ).join(' ');
    expect(said).toContain('0.1000 ± 0.0020 below');
    expect(said).toContain('since step 100, 200 steps earlier');
    expect(said).toContain('annealed to zero often beats');
  });

  it('does not call a tie a gain, nor a loss a tie', () => {
    expect(inWords([evaluation(9, 2, { ema: average(1.999, -0.001) })], ['ema'], constant)[0]).toContain(
      'no difference',
    );
    expect(inWords([evaluation(9, 2, { ema: average(2.2, 0.2) })], ['ema'], constant)[0]).toContain('worse');
  });

  it('says what it waits for', () => {
    expect(inWords([], ['ema'], constant)).toHaveLength(1);
    expect(inWords([evaluation(0, 4)], [], constant)[0]).toContain('No average watches');
    expect(inWords([evaluation(9, 2, { lawa: average(1, -1, false) })], ['lawa'], constant)[0]).toContain(
      'still filling',
    );
    expect(inWords([evaluation(0, 4)], ['lawa'], constant)[0]).toContain('No average has begun');
    const init = { from: 'checkpoint' as const, run: 'parent', step: 200, purpose: 'cooldown' as const };
    expect(inWords([evaluation(200, 2)], [], { ...constant, init })[0]).toContain('at step 300');
  });
});

describe('a child run', () => {
  it('cools down to the end of its parent from about four fifths', () => {
    expect(forkProposal('cooldown', 1500, [1500, 1200, 900], null)).toEqual({ step: 1200, end: 1500 });
  });
  it('goes past the end where only the end is left, and past a stop half way', () => {
    expect(forkProposal('cooldown', 1500, [1500], null)).toEqual({ step: 1500, end: 1800 });
    expect(forkProposal('cooldown', 1500, [300], 300)).toEqual({ step: 300, end: 600 });
  });
  it('trains longer by half', () => {
    expect(forkProposal('continue', 1500, [1500, 1200], null)).toEqual({ step: 1500, end: 2250 });
    expect(forkProposal('continue', 1500, [], null)).toBeNull();
  });
});
