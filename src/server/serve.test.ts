import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { scratch } from '../app/testing/fixture.ts';
import { findServing, type Serving, serve } from './serve.ts';

let folder: string;
let remove: () => Promise<void>;
let serving: Serving | null = null;
beforeEach(async () => {
  ({ folder, remove } = await scratch());
  vi.stubEnv('MEANDER_HOME', '');
  vi.stubEnv('MEANDER_SETTINGS', join(folder, 'settings'));
  await homeIs('one');
});
afterEach(async () => {
  await serving?.close();
  serving = null;
  vi.unstubAllEnvs();
  await remove();
});

async function homeIs(name: string): Promise<void> {
  await mkdir(join(folder, 'settings'), { recursive: true });
  await writeFile(join(folder, 'settings/settings.json'), JSON.stringify({ home: join(folder, name) }));
}
const onDefect = (error: unknown): void => {
  throw error;
};
const nothing = { args: [], from: '/' };

/** A window on the host. */
async function connect(url: string) {
  const { host, searchParams } = new URL(url);
  const socket = new WebSocket(`ws://${host}/door`, {
    headers: { authorization: `Bearer ${searchParams.get('token')}` },
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const call = (method: string, input: unknown): Promise<unknown> =>
    new Promise((resolve) => {
      socket.on('message', (text) => {
        const answer = JSON.parse(String(text)) as { id?: number; output?: unknown };
        if (answer.id === 1) resolve(answer.output);
      });
      socket.send(JSON.stringify({ id: 1, method, input }));
    });
  return { call, close: () => socket.close() };
}

test('a host is found where it serves, also after its data folder became another, and not once it ended', async () => {
  expect(await findServing(nothing)).toBeNull();
  serving = await serve({ port: 0, onDefect, handed: { args: ['gone'], from: folder } });
  const { url } = serving;
  expect(await findServing(nothing)).toBe(url);

  const first = await connect(url);
  expect(await first.call('app.opened', null)).toMatchObject([{ what: 'problem', error: { code: 'not-found' } }]);
  first.close();

  const second = await connect(url);
  await second.call('settings.set', { home: join(folder, 'two') });
  await vi.waitFor(async () => expect(await findServing(nothing)).toBe(url));
  second.close();
  await homeIs('one');
  expect(await findServing(nothing)).toBeNull();

  await homeIs('two');
  await serving.close();
  serving = null;
  expect(await findServing(nothing)).toBeNull();
});

test('windows are counted, and each that comes or goes is told of', async () => {
  serving = await serve({ port: 0, onDefect });
  const told = vi.fn();
  serving.onChange(told);
  const window = await connect(serving.url);
  expect(serving.windows()).toBe(1);
  expect(told).toHaveBeenCalledOnce();
  window.close();
  await vi.waitFor(() => expect(told).toHaveBeenCalledTimes(2));
  expect(serving.windows()).toBe(0);
  expect(serving.busy()).toEqual([]);
});
