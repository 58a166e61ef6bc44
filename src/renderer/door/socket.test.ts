import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openSocketDoor, retryDelay } from './socket.ts';

class FakeSocket {
  static made: FakeSocket[] = [];
  readyState = 0;
  sent: string[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  constructor() {
    FakeSocket.made.push(this);
  }
  send(text: string) {
    this.sent.push(text);
  }
  open() {
    this.readyState = 1;
    this.onopen?.();
  }
  close() {
    this.readyState = 3;
    this.onclose?.();
  }
  say(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}
const openDoor = () => openSocketDoor('ws://x/door', () => new FakeSocket() as unknown as WebSocket);
const newest = () => FakeSocket.made[FakeSocket.made.length - 1];

beforeEach(() => {
  FakeSocket.made = [];
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('sends calls that were made before it opened, and matches answers that come out of order', async () => {
  const door = openDoor();
  const first = door.call('runs.list', undefined);
  const second = door.call('runs.log', { name: 'a' });
  expect(newest().sent).toEqual([]);
  newest().open();
  expect(newest().sent.map((text) => JSON.parse(text))).toEqual([
    { id: 1, method: 'runs.list' },
    { id: 2, method: 'runs.log', input: { name: 'a' } },
  ]);
  newest().say({ id: 2, ok: true, output: 'log' });
  newest().say({ id: 1, ok: true, output: [] });
  await expect(first).resolves.toEqual([]);
  await expect(second).resolves.toBe('log');
});

it('turns a refusal into an error with its next step', async () => {
  const door = openDoor();
  newest().open();
  const call = door.call('runs.start', { name: 'x' });
  newest().say({ id: 1, ok: false, error: { code: 'busy', message: 'It runs.', next: 'Wait.' } });
  await expect(call).rejects.toMatchObject({ code: 'busy', message: 'It runs.', next: 'Wait.' });
});

it('fails what was under way when the connection breaks, says so, and comes back by itself', async () => {
  const door = openDoor();
  const states: string[] = [];
  door.onConnection(() => states.push(door.connection()));
  newest().open();
  const call = door.call('runs.list', undefined);
  newest().close();
  await expect(call).rejects.toMatchObject({ code: 'connection-lost' });
  await expect(door.call('runs.list', undefined)).rejects.toMatchObject({ code: 'connection-lost' });
  vi.advanceTimersByTime(600);
  expect(FakeSocket.made).toHaveLength(2);
  newest().open();
  expect(states).toEqual(['open', 'lost', 'open']);
});

it('tries at once when asked, and not twice', () => {
  const door = openDoor();
  newest().open();
  newest().close();
  door.retry();
  door.retry();
  expect(FakeSocket.made).toHaveLength(2);
  vi.advanceTimersByTime(10_000);
  expect(FakeSocket.made).toHaveLength(2);
});

it('passes checked events on and drops foreign ones', () => {
  const door = openDoor();
  newest().open();
  const heard: unknown[] = [];
  const leave = door.subscribe((event) => heard.push(event));
  newest().say({ event: { type: 'changed', what: 'runs' } });
  newest().say({ event: { type: 'changed', what: 'nonsense' } });
  newest().say({ event: 7 });
  leave();
  newest().say({ event: { type: 'changed', what: 'runs' } });
  expect(heard).toEqual([{ type: 'changed', what: 'runs' }]);
});

it('waits longer after each failure, five seconds at most', () => {
  expect([0, 1, 2, 3, 4, 20].map(retryDelay)).toEqual([0.5, 1, 2, 4, 5, 5]);
});
