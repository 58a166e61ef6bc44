import { describe, expect, it } from 'vitest';
import type { EvaluationLine } from '../../../../shared/metrics.ts';
import { presetConfig } from '../../../../shared/presets.ts';
import { RunSeries } from '../../../../shared/series.ts';
import { forkProposal } from './fork-proposal.ts';
import { averageIds, lossLines, markers, tokensOf, watching } from './loss-lines.ts';
import { quantities } from './quantities.ts';
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
const options = { axis: 'step' as const, tokensPerStep: 100, training: false, hidden: new Set<string>(), smoothing: 0 };
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
    marked.push({ type: 'pause', step: 2, waited: 65 });
    marked.push({ type: 'policy', step: 2, id: 'late', change: 'added', backfilled: false });
    const config = presetConfig('quickstart', { name: 'x', dataset: { folder: '/x', tokenizer: { vocabSize: 96 } } });
    const policies = [
      { ...config.policies[0], id: 'early', start: 1 },
      { ...config.policies[0], id: 'future', start: 3 },
      { ...config.policies[0], id: 'late', start: 2 },
    ];
    const found = markers(marked, { ...config, policies }, 'time');
    expect(found.map(({ x, kind, text }) => [x, kind, text])).toEqual([
      [7, 'checkpoint', 'Checkpoint at step 1'],
      [7, 'resume', 'Resumed from step 2'],
      [7, 'pause', 'Paused for 1 min 05 s'],
      [7, 'policy', '“early” begins'],
      [7, 'policy', '“late” was added'],
    ]);
    expect(markers(marked, config, 'tokens')[0].x).toBe(tokensOf({ config }));
  });
});

describe('quantities', () => {
  const config = presetConfig('quickstart', { name: 'x', dataset: { folder: '/x', tokenizer: { vocabSize: 96 } } });
  const trained = () => {
    const series = seriesOf([]);
    for (const step of [0, 1])
      series.push({
        type: 'train',
        step,
        seconds: step,
        loss: 1,
        gradientNorm: 1,
        learningRate: 1,
        tokensPerSecond: 1000,
      });
    return series;
  };
  const keys = (series: RunSeries) => quantities(series, config, 'step', 0).map(({ key }) => key);

  it('say nothing of utilisation without a peak, nor of what the machine did not tell', () => {
    const series = trained();
    expect(keys(series)).toEqual(['rate', 'gradient', 'speed']);
    const values = { load: 0.5, workerLoad: null, memory: 1e8, freeDisk: null, temperature: null };
    series.push({ type: 'system', step: 1, seconds: 1, ...values });
    expect(keys(series)).toEqual(['rate', 'gradient', 'speed', 'load', 'memory']);
  });

  it('take the peak of the newest sitting', () => {
    const series = trained();
    const device = { type: 'device', backend: 'native', device: 'x', family: 'y', threads: 2 } as const;
    series.push({ ...device, step: 0, peak: 1 });
    series.push({ ...device, step: 1, peak: 1e11 });
    const mfu = quantities(series, config, 'step', 0).find(({ key }) => key === 'mfu');
    const { layers, width, blockSize, vocabSize } = config.model;
    const flops = 6 * (12 * layers * width ** 2 + vocabSize * width) + 6 * layers * blockSize * width;
    expect(mfu?.lines[0].ys[1]).toBeCloseTo((1000 * flops) / 1e11, 6);
    series.push({ ...device, step: 2, peak: null });
    expect(keys(series)).not.toContain('mfu');
  });

  it('put the line itself faint behind a smoothed one', () => {
    const [raw, smooth] = quantities(trained(), config, 'step', 0.9).find(({ key }) => key === 'gradient')?.lines ?? [];
    expect(raw).toMatchObject({ tip: false });
    expect(raw.alpha).toBeLessThan(0.5);
    expect(smooth).toMatchObject({ alpha: 1, length: 2 });
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
