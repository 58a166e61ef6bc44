import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatDuration,
  formatLoss,
  formatSetting,
  formatShare,
  formatShort,
  formatSigned,
  formatWhen,
  parseNumber,
} from './format.ts';

describe('numbers', () => {
  it.each([
    [0, '0'],
    [9999, '9,999'],
    [12_345, '12.3 k'],
    [999_960, '1.0 M'],
    [124_439_808, '124 M'],
    [2.5e12, '2.5 T'],
  ])('formatShort %d → %s', (n, text) => expect(formatShort(n)).toBe(text));

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [999.6, '1.0 kB'],
    [14_000_000, '14.0 MB'],
    [153_600_000, '154 MB'],
  ])('formatBytes %d → %s', (n, text) => expect(formatBytes(n)).toBe(text));

  it('says that a loss is not finite, and that there is none', () => {
    expect(formatLoss(1.5)).toBe('1.5000');
    expect(formatLoss(null)).toBe('not finite');
    expect(formatLoss(Number.NaN)).toBe('not finite');
    expect(formatLoss(undefined)).toBe('–');
  });

  it('gives a sign to all but zero', () => {
    expect(formatSigned(-0.0912)).toBe('−0.0912');
    expect(formatSigned(0.2)).toBe('+0.2000');
    expect(formatSigned(-0.00001)).toBe('0.0000');
  });

  it('never calls something zero per cent', () => {
    expect(formatShare(0)).toBe('0.0%');
    expect(formatShare(0.0001)).toBe('under 0.1%');
    expect(formatShare(0.053)).toBe('5.3%');
    expect(formatShare(0.25)).toBe('25%');
  });
});

describe('time', () => {
  it.each([
    [0, '0 s'],
    [59.6, '1 min 00 s'],
    [200, '3 min 20 s'],
    [3725, '1 h 02 min'],
    [90_000, '1 d 01 h'],
    [Number.NaN, '–'],
    [-1, '–'],
  ])('formatDuration %d → %s', (s, text) => expect(formatDuration(s)).toBe(text));

  it('counts back from now', () => {
    const now = new Date('2026-11-24T12:00:00Z');
    expect(formatWhen('2026-11-24T11:59:30Z', now)).toBe('just now');
    expect(formatWhen('2026-11-24T11:00:00Z', now)).toBe('1 hour ago');
    expect(formatWhen('2026-11-21T11:00:00Z', now)).toBe('3 days ago');
    expect(formatWhen('not a date', now)).toBe('–');
  });
});

describe('what people type', () => {
  it.each([
    ['3e-4', 3e-4],
    ['0.975609756097561', 0.975609756097561],
    ['10,000', 10_000],
    ['1,234,567', 1_234_567],
    ['10k', 10_000],
    ['1.5M', 1_500_000],
    [' 7 ', 7],
    ['−3', -3],
    ['.5', 0.5],
  ])('%s is %d', (text, value) => expect(parseNumber(text)).toBe(value));

  // A decimal comma must not become a thousands separator by accident.
  it.each(['', 'abc', '0,1', '1,23', '1e', '--1', '1 2', 'NaN', 'Infinity', '3e-4x'])('%j is no number', (text) =>
    expect(parseNumber(text)).toBeNaN(),
  );

  it('reads back what it writes', () => {
    for (const value of [3e-4, 6e-3, 1.25e-9, 0.1, 1e-5, 70_000, 0.975609756097561, 0])
      expect(parseNumber(formatSetting(value))).toBe(value);
  });
});
