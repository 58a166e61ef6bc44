import { expect, it } from 'vitest';
import { decodeFrame, encodeFrame } from './frames.ts';

it('takes columns of both kinds, empty ones and odd lengths over unchanged', () => {
  const columns = {
    'train.loss': Float32Array.of(1.5, Number.NaN, -0),
    'train.step': Float64Array.of(2 ** 53, 1 / 3),
    empty: new Float64Array(0),
    last: Float32Array.of(7),
  };
  const message = { id: 3, ok: true, output: { columns, notes: ['é'] } };
  const frame = encodeFrame(message);
  expect(decodeFrame((frame as Uint8Array<ArrayBuffer>).buffer)).toEqual(message);
});

it('copies just the part that a view shows', () => {
  const columns = { a: Float64Array.of(1, 2, 3, 4).subarray(1, 3) };
  const frame = encodeFrame({ output: { columns } }) as Uint8Array<ArrayBuffer>;
  expect(decodeFrame(frame.buffer)).toEqual({ output: { columns: { a: Float64Array.of(2, 3) } } });
});

it('leaves messages without columns to text', () => {
  for (const output of [undefined, null, 'x', { columns: {} }, { columns: { a: 'text' } }])
    expect(encodeFrame({ output })).toBeNull();
});

it('throws on a frame that is none', () => {
  expect(() => decodeFrame(new ArrayBuffer(2))).toThrow();
  expect(() => decodeFrame(Uint8Array.of(255, 255, 0, 0, 1, 2).buffer)).toThrow();
});
