import { expect, it } from 'vitest';
import { lengthBars } from './lengths.ts';
import { preparingSeconds, tokenFileBytes } from './openwebtext.ts';

it('begins at the first length that there is and keeps the gaps', () => {
  const bars = lengthBars({ shortest: [], longest: [], histogram: [0, 0, 4, 0, 1] });
  expect(bars).toEqual([
    { label: '4 B', count: 4, share: 1 },
    { label: '8 B', count: 0, share: 0 },
    { label: '16 B', count: 1, share: 0.25 },
  ]);
  expect(lengthBars({ shortest: [], longest: [], histogram: [] })).toEqual([]);
});

it('nine thousand million tokens take eighteen gigabytes, and their text an hour at 11 MB/s', () => {
  expect(tokenFileBytes).toBe(18_080_034_190);
  expect(preparingSeconds(11.11e6)).toBeCloseTo(3600, -1);
});
