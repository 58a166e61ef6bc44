import { describe, expect, it } from 'vitest';
import type { RunDetail } from '../shared/api.ts';
import { RunSeries } from '../shared/series.ts';
import { diagnosticsText, type Private, redact } from './diagnostics.ts';
import { tinyRun } from './testing/fixture.ts';

const mine: Private = {
  folders: [
    { path: '/home/ada', as: '~' },
    { path: '/home/ada/Meander', as: '<data>' },
    { path: 'C:\\Users\\Ada', as: '~' },
  ],
  user: 'ada',
  host: 'lovelace.local',
};

describe('redaction', () => {
  it.each([
    ['/home/ada/Meander/runs/first/log.txt', '<data>/runs/first/log.txt'],
    ['open "/home/ada/Meander"', 'open "<data>"'],
    ['/home/ada/texts/a.txt: gone', '~/texts/a.txt: gone'],
    ['file:///opt/meander/out/main/worker.js:12:3', '<path>/worker.js:12:3'],
    ['at load (/usr/lib/node/x.js:1:2)', 'at load (<path>/x.js:1:2)'],
    ['/home/adam/x.txt', '<path>/x.txt'],
    ['C:\\Users\\Ada\\texts\\b.txt', '~\\texts\\b.txt'],
    ['"c:\\\\users\\\\ada\\\\b.txt"', '"~\\\\b.txt"'],
    ['D:\\secret\\plans\\c.txt is locked', '<path>/c.txt is locked'],
    ['\\\\server\\share\\d.txt', '<path>/d.txt'],
    ['Ada at lovelace.local and LOVELACE', '<user> at <host> and <host>'],
    ['adamw on an adaptive rate', 'adamw on an adaptive rate'],
    ['12 tokens/s, 3/4, and/or, 1e-3', '12 tokens/s, 3/4, and/or, 1e-3'],
    ['"dataset":"/mnt/big disk/texts"', '"dataset":"<path>/texts"'],
  ])('%s', (text, clean) => expect(redact(text, mine)).toBe(clean));

  it('leaves names alone that are words of every log', () => {
    expect(redact('root cause at node 3', { folders: [], user: 'root', host: 'node' })).toBe('root cause at node 3');
  });

  it('does not choke on names that mean something to a pattern', () => {
    const odd = { folders: [{ path: '/data/a+b (1)', as: '<data>' }], user: 'a.b*', host: 'h[1]' };
    expect(redact('/data/a+b (1)/x of a.b* on h[1]', odd)).toBe('<data>/x of <user> on <host>');
  });
});

it('says versions, device, state, errors, settings, configuration and the end of the log', () => {
  const series = new RunSeries();
  series.push({ type: 'device', step: 0, backend: 'native', device: 'A processor', family: 'AVX2', threads: 2 });
  series.push({ type: 'note', step: 3, level: 'info', text: 'nothing of note' });
  series.push({ type: 'note', step: 7, level: 'warning', text: 'The disk is nearly full.' });
  series.push({ type: 'resume', from: 7, exact: false });
  const run = {
    status: 'failed',
    config: tinyRun('first', '/home/ada/texts'),
    problem: null,
    checkpoints: [],
    job: { device: null, error: { code: 'worker-died', message: 'It died.', next: 'Resume.' } },
  } as unknown as RunDetail;
  const log = Array.from({ length: 200 }, (_, i) => `line ${i}`).join('\n');
  const text = diagnosticsText({
    version: '1.2.3',
    node: '24.0.0',
    system: 'linux 6.1 x64',
    processor: '2 × A processor',
    native: 'AVX2',
    memory: 8e9,
    freeDisk: null,
    settings: { threads: 2, theme: 'dark' },
    run,
    series,
    log,
  });
  for (const part of [
    'Meander 1.2.3, Node 24.0.0, kernels AVX2',
    'Memory 8.0 GB, free disk unknown',
    'status failed, step 7 of 20',
    'resumes 7 (not exact)',
    'native on A processor, AVX2, 2 threads',
    'worker-died: It died. Resume.',
    'step 7, warning: The disk is nearly full.',
    '{"threads":2,"theme":"dark"}',
    'line 199',
  ])
    expect(text).toContain(part);
  expect(text).not.toContain('nothing of note');
  expect(text).not.toContain('line 100\n');
});
