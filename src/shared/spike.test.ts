import { describe, expect, it } from 'vitest';
import { type Spike, SpikeWatch } from './spike.ts';

/** Losses that wander by ±0.02 around a level that falls slowly. */
const calm = (step: number) => 2 - step / 2000 + 0.02 * Math.sin(step * 1.7);

function watch(loss: (step: number) => number, steps: number, warmup = 0): Spike[] {
  const watched = new SpikeWatch(warmup);
  return Array.from({ length: steps }, (_, step) => watched.add(step, loss(step))).filter((spike) => spike !== null);
}
const bump = (from: number, to: number, by: number) => (step: number) =>
  calm(step) + (step >= from && step < to ? by : 0);

describe('a spike', () => {
  it('is three steps above the median by 0.3 where the loss is quiet', () => {
    const [spike, ...more] = watch(bump(300, 303, 0.5), 400);
    expect(more).toEqual([]);
    expect(spike).toMatchObject({ onset: 300, detected: 302, loss: bump(300, 303, 0.5)(302) });
    const before = Array.from({ length: 200 }, (_, i) => calm(100 + i)).sort((a, b) => a - b);
    expect(spike.limit).toBeCloseTo((before[99] + before[100]) / 2 + 0.3, 12);
  });

  it('needs six times the median deviation where the loss is noisy', () => {
    // |loss − 2| is 0.2 at every step: the limit is 2 + 1.2.
    const noisy = (height: number) => (step: number) =>
      step >= 300 && step < 303 ? height : 2 + (step % 2 === 0 ? 0.2 : -0.2);
    expect(watch(noisy(3.19), 400)).toEqual([]);
    expect(watch(noisy(3.21), 400)).toHaveLength(1);
  });

  it.each([
    ['two steps', bump(300, 302, 5), 0],
    ['three steps with a gap', (step: number) => calm(step) + ([300, 301, 303].includes(step) ? 5 : 0), 0],
    ['0.29 nats', bump(300, 310, 0.25), 0],
    ['a fall', bump(300, 400, -1), 0],
    ['three steps before 200 are known', bump(150, 153, 5), 0],
    ['three steps inside warm-up', bump(300, 303, 5), 310],
  ])('is not %s', (_, loss, warmup) => {
    expect(watch(loss, 400, warmup)).toEqual([]);
  });

  it('is told once, and once more after three quiet steps', () => {
    expect(watch(bump(300, 340, 2), 600)).toHaveLength(1);
    const twice = (step: number) => bump(300, 310, 2)(step) + (step >= 320 && step < 325 ? 2 : 0);
    expect(watch(twice, 600).map((spike) => spike.onset)).toEqual([300, 320]);
    const once = (step: number) => bump(300, 310, 2)(step) + (step >= 312 && step < 325 ? 2 : 0);
    expect(watch(once, 600)).toHaveLength(1);
  });

  it('ends where a new level becomes the usual one', () => {
    const stays = bump(300, 2000, 1);
    const again = (step: number) => stays(step) + (step >= 700 && step < 704 ? 1 : 0);
    expect(watch(again, 800).map((spike) => spike.onset)).toEqual([300, 700]);
  });

  it('is a loss that is not finite, at any time, at once', () => {
    const broken = (step: number) => (step === 5 || step === 6 ? Number.NaN : calm(step));
    expect(watch(broken, 50)).toEqual([{ onset: 5, detected: 5, loss: Number.NaN, limit: Number.POSITIVE_INFINITY }]);
  });

  it('counts the steps before it that were high already', () => {
    const rising = (step: number) => (step === 301 ? Number.POSITIVE_INFINITY : bump(300, 301, 5)(step));
    expect(watch(rising, 310)).toMatchObject([{ onset: 300, detected: 301 }]);
  });
});

it('goes on from its state as if it had never stopped', () => {
  const loss = bump(301, 320, 2);
  const expected = watch(loss, 400);
  for (const at of [150, 301, 302, 303, 304, 322, 323]) {
    let watched = new SpikeWatch(0);
    const found: Spike[] = [];
    for (let step = 0; step < 400; step++) {
      if (step === at) watched = new SpikeWatch(0, JSON.parse(JSON.stringify(watched.state())));
      const spike = watched.add(step, loss(step));
      if (spike) found.push(spike);
    }
    expect(found).toEqual(expected);
  }
});

it('says where a spike could have begun', () => {
  const watched = new SpikeWatch(0);
  for (let step = 0; step <= 301; step++) watched.add(step, bump(300, 303, 5)(step));
  expect(watched.suspect(301)).toBe(300);
  expect(new SpikeWatch(0).suspect(7)).toBe(8);
});
