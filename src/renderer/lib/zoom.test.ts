import { describe, expect, it } from 'vitest';
import { held, movedBy, zoomedBy, zoomKey } from './zoom.ts';

const whole = [0, 100] as const;

describe('the view of an axis', () => {
  it('comes closer around a place, which stays where it is', () => {
    expect(zoomedBy([0, 100], whole, 0.5, 20)).toEqual([10, 60]);
    expect(zoomedBy([0, 100], whole, 0.5, null)).toEqual([25, 75]);
    expect(zoomedBy([0, 100], whole, 0.5, 500)).toEqual([50, 100]);
  });

  it('is the whole again once it is as wide, and never leaves it', () => {
    expect(zoomedBy([10, 60], whole, 4, null)).toBeNull();
    expect(zoomedBy([60, 90], whole, 2, null)).toEqual([40, 100]);
    expect(movedBy([10, 30], whole, -1)).toEqual([0, 20]);
    expect(movedBy([10, 30], whole, 0.5)).toEqual([20, 40]);
    expect(movedBy([70, 95], whole, 1)).toEqual([75, 100]);
    expect(held([-5, 105], whole)).toBeNull();
  });

  it('keeps a width, however often one comes closer', () => {
    let range: readonly [number, number] = whole;
    for (let i = 0; i < 200; i++) range = zoomedBy(range, whole, 0.5, 33) as [number, number];
    expect(range[1] - range[0]).toBeGreaterThan(5e-6);
    expect(range[0]).toBeCloseTo(33, 4);
  });

  it('goes by factors on a log axis', () => {
    const [from, to] = zoomedBy([1, 10_000], [1, 10_000], 0.5, null, true) as [number, number];
    expect(from).toBeCloseTo(10, 9);
    expect(to).toBeCloseTo(1000, 9);
    const moved = movedBy([10, 1000], [1, 10_000], 0.5, true) as [number, number];
    expect(moved.map((x) => Math.round(x))).toEqual([100, 10_000]);
  });

  it('answers keys, and leaves others alone', () => {
    expect(zoomKey('+', [0, 90], whole, null)).toEqual([15, 75]);
    expect(zoomKey('-', [40, 60], whole, null)).toEqual([35, 65]);
    expect(zoomKey('ArrowRight', [40, 60], whole, null)).toEqual([43, 63]);
    expect(zoomKey('0', [40, 60], whole, null)).toBeNull();
    expect(zoomKey('Tab', [40, 60], whole, null)).toBeUndefined();
  });
});
