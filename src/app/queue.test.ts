import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Queue, type QueueOptions } from './queue.ts';
import { newJob } from './supervisor.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meander-queue-'));
});
// A queue may still be writing its file.
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 }));

const open = (options: Partial<QueueOptions> = {}): Promise<Queue> =>
  Queue.open({
    path: join(folder, 'queue.json'),
    emit: () => {},
    // Never ends.
    start: () => new Promise(() => {}),
    ...options,
  });
const owner = JSON.stringify({ pid: 4_000_000, started: null, host: hostname() });
const entries = (states: [string, string][]): string =>
  JSON.stringify({ schema: 1, owner, entries: states.map(([run, state]) => ({ state, job: newJob('train', run) })) });

test('a run that trained when the application died is interrupted, not restarted; the next one starts', async () => {
  await writeFile(
    join(folder, 'queue.json'),
    entries([
      ['first', 'running'],
      ['second', 'queued'],
    ]),
  );
  const started: string[] = [];
  const start = (run: string): Promise<never> => {
    started.push(run);
    return new Promise(() => {});
  };
  const queue = await open({ start });
  expect(queue.stateOf('first')?.state).toBe('interrupted');
  expect(started).toEqual([]);
  queue.begin();
  expect(started).toEqual(['second']);
});

test('the queue of an application that still lives is left alone', async () => {
  const content = entries([
    ['first', 'running'],
    ['second', 'queued'],
  ]);
  await writeFile(join(folder, 'queue.json'), content);
  const queue = await open({ isAlive: async () => true });
  queue.begin();
  queue.enqueue('third');
  await queue.close();
  expect(queue.stateOf('second')).toBeNull();
  expect(await readFile(join(folder, 'queue.json'), 'utf8')).toBe(content);
});

test('it is taken over once that application has ended, with what waits in it', async () => {
  await writeFile(
    join(folder, 'queue.json'),
    entries([
      ['first', 'running'],
      ['second', 'queued'],
    ]),
  );
  let alive = true;
  const queue = await open({ isAlive: async () => alive });
  alive = false;
  queue.enqueue('third');
  await vi.waitFor(() => expect(queue.stateOf('first')?.state).toBe('interrupted'));
  expect(queue.waiting.map((job) => job.subject)).toEqual(['second']);
  await queue.close();
  const again = await open();
  expect(['first', 'second', 'third'].map((run) => again.stateOf(run)?.state)).toEqual([
    'interrupted',
    'queued',
    'interrupted',
  ]);
});

test('a garbled file is no queue', async () => {
  await writeFile(join(folder, 'queue.json'), '{"schema":1,');
  expect((await open()).waiting).toEqual([]);
});

test('a stop that comes while the worker is being started is not lost', async () => {
  const stop = vi.fn();
  let started!: (active: never) => void;
  const queue = await open({ start: () => new Promise((resolve) => (started = resolve)) });
  queue.enqueue('run');
  expect(queue.stop('run')).toBe(true);
  expect(stop).not.toHaveBeenCalled();
  started({ job: newJob('train', 'run'), result: new Promise(() => {}), stop } as never);
  await vi.waitFor(() => expect(stop).toHaveBeenCalledOnce());
});

test('waiting runs are moved, and start in the new order; one that fails does not hold up the next', async () => {
  const started: string[] = [];
  let end!: () => void;
  const first = new Promise<never>((_, reject) => {
    end = () => reject(new Error('out of luck'));
  });
  const start = async (run: string): Promise<never> => {
    started.push(run);
    if (run === 'first') await first;
    throw new Error(`${run} is broken`);
  };
  const queue = await open({ start });
  for (const run of ['first', 'a', 'b', 'c', 'd']) queue.enqueue(run);
  expect(queue.move('c', 1)).toEqual(['c', 'a', 'b', 'd']);
  expect(queue.move('c', 3)).toEqual(['a', 'b', 'c', 'd']);
  expect(queue.move('a', 99)).toEqual(['b', 'c', 'd', 'a']);
  expect(['first', 'a', 'b'].map((run) => queue.placeOf(run))).toEqual([null, 4, 1]);
  for (const run of ['first', 'ghost']) expect(() => queue.move(run, 1)).toThrow(`"${run}" does not wait`);
  queue.stop('d');
  end();
  await vi.waitFor(() => expect(started).toEqual(['first', 'b', 'c', 'a']));
  await vi.waitFor(() => expect(queue.stateOf('a')?.state).toBe('failed'));
});

test('the order that was chosen is in the file as soon as it is said to be saved', async () => {
  const queue = await open();
  for (const run of ['first', 'a', 'b']) queue.enqueue(run);
  queue.move('b', 1);
  await queue.saved();
  // Killed: nothing is closed.
  const again = await open({ isAlive: async () => false });
  expect(again.waiting.map((job) => job.subject)).toEqual(['b', 'a']);
  expect(again.stateOf('first')?.state).toBe('interrupted');
});

test('the next run waits for the worker of a killed application, which still saves', async () => {
  await writeFile(
    join(folder, 'queue.json'),
    entries([
      ['first', 'running'],
      ['second', 'queued'],
      ['third', 'queued'],
    ]),
  );
  const started: string[] = [];
  let release!: () => void;
  const released = vi.fn(() => new Promise<void>((resolve) => (release = resolve)));
  const start = (run: string): Promise<never> => {
    started.push(run);
    return new Promise(() => {});
  };
  const queue = await open({ start, released });
  queue.begin();
  queue.move('third', 1);
  expect(released).toHaveBeenCalledExactlyOnceWith('first');
  expect(started).toEqual([]);
  release();
  await vi.waitFor(() => expect(started).toEqual(['third']));
});
