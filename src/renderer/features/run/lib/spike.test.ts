import { expect, it } from 'vitest';
import { presetConfig } from '../../../../shared/presets.ts';
import { RunSeries } from '../../../../shared/series.ts';
import { markers } from './loss-lines.ts';
import { lossSince, spikeState } from './spike.ts';

const config = {
  ...presetConfig('quickstart', { name: 'run', dataset: { folder: '/d', tokenizer: { vocabSize: 96 } } }),
  steps: 1000,
};
const spike = { type: 'spike' as const, step: 302, onset: 300, loss: 5, limit: 3.5, snapshots: [280, 290] };
const run = { name: 'run', status: 'stopped' as const, config, spike, parent: null };
const rescue = (name: string, of: string, step: number) => ({
  name,
  parent: { name: of, step, purpose: 'rescue' as const },
});

it('a spike is open until a child run begins after it', () => {
  expect(spikeState({ ...run, spike: null }, [])).toBe(null);
  expect(spikeState(run, [run])).toEqual({ kind: 'open', spike, begins: 303, warmup: 100, stopFirst: false });
  for (const status of ['running', 'pausing', 'paused'] as const)
    expect(spikeState({ ...run, status }, [])).toMatchObject({ stopFirst: true });
  // Children of an earlier spike, of another run, and made for something else, are not it.
  const others = [
    rescue('a', 'run', 120),
    rescue('b', 'another', 303),
    { name: 'c', parent: { name: 'run', step: 303, purpose: 'continue' as const } },
  ];
  expect(spikeState(run, others)?.kind).toBe('open');
  expect(spikeState(run, [...others, rescue('d', 'run', 303)])).toEqual({ kind: 'rescued', spike, child: 'd' });
});

it('a spike that nothing can be made of says why', () => {
  expect(spikeState({ ...run, spike: { ...spike, snapshots: [] } }, [])).toMatchObject({ why: 'no-snapshots' });
  expect(spikeState({ ...run, config: { ...config, steps: 303 } }, [])).toMatchObject({ why: 'at-end' });
  expect(spikeState({ ...run, config: { ...config, steps: 304 } }, [])).toMatchObject({ kind: 'open', warmup: 1 });
});

it('the loss since, once there is one, is back or is not', () => {
  const series = new RunSeries();
  expect(lossSince(spike, null)).toBe(null);
  series.pushTrain(302, 1, 5, 1, 1e-3, 100);
  expect(lossSince(spike, series)).toBe(null);
  series.pushTrain(310, 2, 3.75, 1, 1e-3, 100);
  expect(lossSince(spike, series)).toEqual({ step: 310, loss: 3.75, back: false });
  series.pushTrain(320, 3, 3.5, 1, 1e-3, 100);
  expect(lossSince(spike, series)).toEqual({ step: 320, loss: 3.5, back: true });
  series.pushTrain(330, 4, Number.NaN, 1, 1e-3, 100);
  expect(lossSince(spike, series)).toEqual({ step: 330, loss: null, back: false });
  // Without a limit nothing says that it is back.
  series.pushTrain(340, 5, 3, 1, 1e-3, 100);
  expect(lossSince({ ...spike, limit: null }, series)).toMatchObject({ back: false });
});

it('a spike is marked on the chart at its first step', () => {
  const series = new RunSeries();
  series.push(spike);
  const marked = markers(series, { ...config, policies: [] }, 'step');
  expect(marked).toEqual([{ x: 300, kind: 'spike', text: 'The training loss spiked at step 300' }]);
});
