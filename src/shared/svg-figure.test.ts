import { expect, test } from 'vitest';
import { type Figure, figureSvg, roundTicks } from './svg-figure.ts';

const figure: Figure = {
  title: 'Loss & <rate>',
  description: 'what it shows',
  panels: [
    {
      title: 'loss',
      xLabel: 'learning rate',
      yLabel: 'nats',
      xLog: true,
      xTicks: [1e-4, 1e-2],
      series: [
        {
          label: 'raw "one"',
          color: '#123456',
          points: [
            { x: 1e-4, y: 2, deviation: 0.5 },
            { x: 1e-3, y: Number.NaN, deviation: null },
            { x: 1e-2, y: 1, deviation: null },
          ],
        },
      ],
      rules: [{ label: 'best', y: 0, color: '#654321', dash: '2 3' }],
    },
  ],
};
const numbers = (svg: string, pattern: RegExp): number[][] =>
  [...svg.matchAll(pattern)].map((match) => match.slice(1).map(Number));

test('a point lies where its value is, on a logarithmic axis too, and one that is no number nowhere', () => {
  const svg = figureSvg(figure);
  const [[x1, y1], [x2, y2], ...more] = numbers(svg, /<circle cx="([\d.]+)" cy="([\d.]+)"/g);
  expect(more).toEqual([]);
  const [[zero]] = numbers(svg, /y1="([\d.]+)" y2="[\d.]+" stroke="#654321"/g);
  // Values 2, 1 and 0 are evenly apart.
  expect(zero - y2).toBeCloseTo(y2 - y1, 1);
  expect(x2).toBeGreaterThan(x1);
  const ticks = numbers(svg, /x1="([\d.]+)" x2="[\d.]+" y1="256" y2="260"/g).map(([x]) => x);
  expect(ticks).toEqual([x1, x2]);
  const [[low, high]] = numbers(svg, /<path d="M[\d.]+ ([\d.]+)V([\d.]+)/g);
  expect(low - high).toBeCloseTo(y2 - y1, 1);
  expect(low - y1).toBeCloseTo(y1 - high, 1);
  expect(svg).not.toContain('NaN');
});

test('a guide does not widen the range', () => {
  const [panel] = figure.panels;
  const guide = { label: 'g', color: '#000001', guide: true, points: [{ x: 1e-3, y: 900, deviation: null }] };
  const svg = figureSvg({ ...figure, panels: [{ ...panel, series: [...panel.series, guide] }] });
  const circles = (of: string) => numbers(of, /<circle cx="([\d.]+)" cy="([\d.]+)"/g);
  expect(circles(svg)).toEqual(circles(figureSvg(figure)));
  expect(svg).toMatch(/<svg aria-hidden="true" x="62" y="52" [^>]*><g stroke="#000001"/);
});

test('words are escaped, and every line has its entry in the legend', () => {
  const svg = figureSvg(figure);
  expect(svg).toContain('<title>Loss &amp; &lt;rate&gt;</title>');
  expect(svg).toContain('>raw &quot;one&quot;</text>');
  expect(svg).toContain('>best</text>');
});

test('a panel without a value says so', () => {
  const [panel] = figure.panels;
  expect(figureSvg({ ...figure, panels: [{ ...panel, series: [], rules: [] }] })).toContain('nothing measured');
});

test('ticks are round and inside', () => {
  expect(roundTicks(0.31, 1.02)).toEqual([0.4, 0.6, 0.8, 1]);
  expect(roundTicks(-0.012, 0.001)).toEqual([-0.01, -0.005, 0]);
  expect(roundTicks(3, 3)).toEqual([3]);
});
