import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { staging } from '../app/staging.ts';
import { scratch } from '../app/testing/fixture.ts';
import type { AppEvent } from '../shared/api.ts';
import { type RunningHost, startHost } from './host.ts';
import { messageLimit } from './socket.ts';
import { handOver, removeStanding, writeStanding } from './standing.ts';

let folder: string;
let remove: () => Promise<void>;
let host: RunningHost;
let emit: (event: AppEvent) => void;
const defects: unknown[] = [];
const opened: unknown[] = [];

beforeAll(async () => {
  ({ folder, remove } = await scratch());
  const renderer = join(folder, 'renderer');
  await mkdir(join(renderer, 'assets'), { recursive: true });
  await writeFile(join(renderer, 'index.html'), '<p>window</p>');
  await writeFile(join(renderer, 'assets/app-1a.js'), '1');
  await writeFile(join(renderer, 'secret.key'), 'no type that the window has');
  await writeFile(join(folder, 'outside.txt'), 'outside');
  host = await startHost({
    application: {
      dispatch: async (method, input) => ({ ok: true, output: { method, input } }),
      subscribe: (listener) => {
        emit = listener;
        return () => {};
      },
      staging: staging(() => join(folder, 'staging')),
      open: async (...what) => void opened.push(what),
    },
    renderer,
    port: 0,
    onDefect: (error) => defects.push(error),
  });
});
afterAll(async () => {
  await host.close();
  await remove();
  expect(defects).toEqual([]);
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}
/** Sends the path as it is: fetch and URL would tidy it up. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port: host.port, host: '127.0.0.1', path, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sent.on('error', reject).end(body);
  });
}
const cookie = (): { cookie: string } => ({ cookie: `other=1; meander-${host.port}=${host.token}` });
const own = (): string => `http://127.0.0.1:${host.port}`;

describe('who may come in', () => {
  test('the address with its token becomes a cookie and leaves the address bar', async () => {
    const { status, headers } = await ask(host.url.slice(own().length));
    expect(status).toBe(302);
    expect(headers.location).toBe('/');
    expect(headers['set-cookie']?.[0]).toBe(`meander-${host.port}=${host.token}; Path=/; HttpOnly; SameSite=Strict`);
  });

  test.each([
    ['no token', () => ({}), 401],
    ['a wrong token', () => ({ cookie: `meander-${host.port}=${'x'.repeat(43)}` }), 401],
    ['the cookie of another port', () => ({ cookie: `meander-1=${host.token}` }), 401],
    ['a foreign origin', () => ({ ...cookie(), origin: 'http://evil.example' }), 403],
    ['a null origin', () => ({ ...cookie(), origin: 'null' }), 403],
    ['another port of this machine', () => ({ ...cookie(), origin: 'http://127.0.0.1:1' }), 403],
    ['a name that was rebound', () => ({ ...cookie(), host: `evil.example:${host.port}` }), 403],
    ['a host without its port', () => ({ ...cookie(), host: '127.0.0.1' }), 403],
    [
      'a script of another site',
      () => ({ ...cookie(), 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }),
      403,
    ],
    ['the cookie', cookie, 200],
    ['the cookie and our origin', () => ({ ...cookie(), origin: own() }), 200],
    ['a bearer', () => ({ authorization: `Bearer ${host.token}` }), 200],
  ])('%s', async (_, headers, status) => {
    expect((await ask('/', headers() as Record<string, string>)).status).toBe(status);
    const uploaded = await ask('/upload/x/y', headers() as Record<string, string>, 'PUT', '1');
    // A session that is none: 400 once inside.
    expect(uploaded.status).toBe(status === 200 ? 400 : status);
  });
});

describe('files', () => {
  test('the page has strict rules and is never cached; hashed assets are', async () => {
    const page = await ask('/', cookie());
    expect(page.text).toBe('<p>window</p>');
    expect(page.headers['cache-control']).toBe('no-store');
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'self';/);
    expect(policy).toContain(`ws://127.0.0.1:${host.port}`);
    expect((await ask('/assets/app-1a.js', cookie())).headers['cache-control']).toContain('immutable');
    expect((await ask('/runs/one', cookie())).text).toBe('<p>window</p>');
  });

  test.each([
    '/../outside.txt',
    '/..%2foutside.txt',
    '/%2e%2e/outside.txt',
    '/assets/..%2f..%2foutside.txt',
    '/assets/%2e%2e%5c%2e%2e%5coutside.txt',
    '/..',
    '//etc/passwd',
    '/%00.js',
    '/%ff.js',
    '/%2fetc%2fpasswd',
    '/missing.js',
    '/secret.key',
    '/assets/',
  ])('nothing at %s', async (path) => {
    expect((await ask(path, cookie())).status).toBe(404);
  });

  test('other methods are refused', async () => {
    expect((await ask('/', cookie(), 'POST', '1')).status).toBe(405);
  });
});

describe('uploads', () => {
  const session = '01234567-89ab-cdef-0123-456789abcdef';
  const put = (path: string, body: string): Promise<Answer> =>
    ask(`/upload/${path}`, { ...cookie(), origin: own() }, 'PUT', body);

  test('are staged, and answered with the top item of the session', async () => {
    const top = join(folder, 'staging', session, 'talks');
    for (const name of ['a', 'd%C3%A9j%C3%A0'])
      expect(JSON.parse((await put(`${session}/talks/deep/${name}.txt`, name)).text)).toEqual({ path: top });
    expect(await readFile(join(top, 'deep/déjà.txt'), 'utf8')).toBe('d%C3%A9j%C3%A0');
    expect((await put(`${session}/talks/deep/a.txt`, 'again')).status).toBe(400);
    expect(await readFile(join(top, 'deep/a.txt'), 'utf8')).toBe('a');
  });

  test.each(['../x.txt', '..%2fx.txt', 'a/..%2f..%2fx', '%2fetc%2fx', 'a%5cb', 'nul', 'a%00', '', 'a//b', '%ff'])(
    'refused: %s',
    async (path) => {
      const { status, text } = await put(`${session}/${path}`, 'x');
      expect(status).toBe(400);
      expect(JSON.parse(text)).toMatchObject({ code: 'bad-name' });
    },
  );

  test('a session must be one', async () => {
    expect((await put('..%2f..%2fetc/x', 'x')).status).toBe(400);
    expect((await put('runs/x', 'x')).status).toBe(400);
  });

  test('what cannot fit is refused before it is read', async () => {
    const { status, text } = await new Promise<Answer>((resolve, reject) => {
      const headers = { ...cookie(), 'content-length': String(1e18), expect: '100-continue' };
      const sent = request(
        { port: host.port, path: `/upload/${session}/huge.txt`, method: 'PUT', headers },
        (response) => {
          let body = '';
          response.on('data', (chunk) => {
            body += chunk;
          });
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, headers: {}, text: body });
            sent.destroy();
          });
        },
      );
      sent.on('error', (error) => reject(error)).flushHeaders();
    });
    expect(status).toBe(507);
    expect(JSON.parse(text)).toMatchObject({ code: 'disk-full' });
  });
});

describe('the WebSocket door', () => {
  const connect = (headers: Record<string, string>, path = '/door'): Promise<WebSocket> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${host.port}${path}`, { headers });
      socket.on('open', () => resolve(socket)).on('error', reject);
    });
  const next = (socket: WebSocket): Promise<unknown> =>
    new Promise((resolve) => socket.once('message', (data) => resolve(JSON.parse(String(data)))));
  const closed = (socket: WebSocket): Promise<number> =>
    new Promise((resolve) => socket.once('close', (code) => resolve(code)));

  test.each([
    ['no token', {}, '/door', '401'],
    ['a foreign origin', { origin: 'http://evil.example' }, '/door', '403'],
    ['a foreign host', { host: 'evil.example' }, '/door', '403'],
    ['another path', {}, '/elsewhere', '404'],
  ])('%s', async (name, headers, path, status) => {
    const sent = { ...(name === 'no token' ? {} : cookie()), ...(headers as Record<string, string>) };
    await expect(connect(sent, path)).rejects.toThrow(status);
  });

  test('calls are answered, and events told to every window', async () => {
    const [one, two] = await Promise.all([connect({ ...cookie(), origin: own() }), connect(cookie())]);
    one.send('{"id":7,"method":"runs.get","input":{"name":"a"}}');
    expect(await next(one)).toEqual({ id: 7, ok: true, output: { method: 'runs.get', input: { name: 'a' } } });
    const told = Promise.all([next(one), next(two)]);
    emit({ type: 'changed', what: 'runs' });
    expect(await told).toEqual([1, 2].map(() => ({ event: { type: 'changed', what: 'runs' } })));
    one.close();
    two.close();
  });

  test.each([
    ['no JSON', 'hello', 1008],
    ['no call', '{"id":"x"}', 1008],
    ['binary', Buffer.from([1, 2]), 1008],
    ['more than any call', 'x'.repeat(messageLimit + 1), 1009],
  ])('closed upon %s', async (_, message, code) => {
    const socket = await connect(cookie());
    socket.send(message);
    expect(await closed(socket)).toBe(code);
  });
});

describe('a later start', () => {
  const path = () => join(folder, 'settings/host.json');
  const handed = { args: ['a b', 'meander://run/x'], from: '/work' };

  test('finds the host that is written down, and hands over to its next window', async () => {
    expect(await handOver(path(), handed)).toBeNull();
    await writeStanding(path(), host.url);
    expect((await stat(path())).mode & 0o777).toBe(process.platform === 'win32' ? 0o666 : 0o600);
    expect(await handOver(path(), handed)).toBe(host.url);
    expect(opened.splice(0)).toEqual([[handed.args, handed.from, false]]);
    await removeStanding(path(), `${host.url}-another`);
    expect(await handOver(path(), handed)).toBe(host.url);
    await removeStanding(path(), host.url);
    expect(await handOver(path(), handed)).toBeNull();
    opened.splice(0);
  });

  test.each([
    ['another token', () => host.url.replace(/.$/, (last) => (last === 'x' ? 'y' : 'x'))],
    ['a port where nothing listens', () => host.url.replace(/:\d+/, ':1')],
    ['another machine', () => host.url.replace('127.0.0.1', 'example.com')],
    ['no address', () => 'file:///etc/passwd'],
  ])('takes %s for no host', async (_, url) => {
    await writeStanding(path(), url());
    expect(await handOver(path(), handed)).toBeNull();
    expect(opened).toEqual([]);
  });

  test.each([
    ['no JSON', 'x', 400],
    ['other words', '{"args":"x"}', 400],
    ['no token', JSON.stringify(handed), 401],
  ])('%s is refused', async (name, body, status) => {
    const headers = { ...(name === 'no token' ? {} : cookie()), 'content-length': String(body.length) };
    expect((await ask('/open', { host: own().slice('http://'.length), ...headers }, 'POST', body)).status).toBe(status);
    expect(opened).toEqual([]);
  });

  test('what has no end, or too far an end, is not read', async () => {
    const headers = { host: own().slice('http://'.length), ...cookie(), 'content-length': '100000000' };
    expect((await ask('/open', headers, 'POST', 'x')).status).toBe(413);
  });
});

test('a taken port is said so', async () => {
  const application = { dispatch: async () => ({ ok: true as const, output: null }), subscribe: () => () => {} };
  const area = staging(() => folder);
  await expect(
    startHost({
      application: { ...application, staging: area, open: async () => {} },
      renderer: folder,
      port: host.port,
      onDefect: () => {},
    }),
  ).rejects.toMatchObject({ code: 'port-taken' });
});
