import { expect, it } from 'vitest';
import { settingsOf, withSettings } from './chart-settings.ts';

it('keeps the settings of each run, and begins a new one with those chosen last', () => {
  let text = withSettings(null, 'a', { logY: true, hidden: ['ema'] });
  text = withSettings(text, 'b', { axis: 'time', smoothing: 0.9 });
  expect(settingsOf(text, 'a')).toMatchObject({ logY: true, hidden: ['ema'], axis: 'step' });
  expect(settingsOf(text, 'b')).toMatchObject({ logY: true, hidden: [], axis: 'time', smoothing: 0.9 });
  expect(settingsOf(withSettings(text, 'a', { clip: false }), 'new')).toMatchObject({ clip: false, hidden: [] });
});

it('takes what is not ours for nothing, and a value that is not for the default', () => {
  for (const text of [null, '', 'x', '{}', '[[1]]', '"[]"'])
    expect(settingsOf(text, 'a')).toMatchObject({ axis: 'step', training: true, clip: true, smoothing: 0, hidden: [] });
  expect(settingsOf('[["a",{"axis":"moon","smoothing":7,"logY":true}]]', 'a')).toMatchObject({
    axis: 'step',
    smoothing: 0,
    logY: true,
  });
});

it('remembers a hundred runs', () => {
  let text: string | null = null;
  for (let i = 0; i < 130; i++) text = withSettings(text, `run ${i}`, { smoothing: 0.5 });
  expect(JSON.parse(text as string)).toHaveLength(100);
  expect(text).toContain('run 129');
  expect(text).not.toContain('"run 29"');
});
