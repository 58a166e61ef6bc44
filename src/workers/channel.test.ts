import { Duplex } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { type Command, type Progress, protocolVersion, type Report } from '../shared/jobs.ts';
import { Channel, lineLimit } from './channel.ts';

/** Both ends of a pipe in memory. */
function open() {
  const sent: Report[] = [];
  const commands: Command[] = [];
  const errors: string[] = [];
  let closed = 0;
  const pipe = new Duplex({
    read() {},
    write(chunk, _, done) {
      for (const line of String(chunk).trim().split('\n')) sent.push(JSON.parse(line));
      done();
    },
  });
  const channel = new Channel(pipe, {
    command: (command) => commands.push(command),
    closed: () => closed++,
    garbled: (error) => errors.push(`${error.code}: ${error.message}`),
  });
  const push = async (data: string | Buffer) => {
    pipe.push(data);
    await new Promise(setImmediate);
  };
  return { channel, pipe, sent, commands, errors, push, closed: () => closed };
}
const progress = (done: number, phase: Progress['phase'] = 'training'): Report => ({
  type: 'progress',
  progress: { phase, done, total: 100, unit: 'steps', rate: null, secondsLeft: null, reason: null },
});
const metrics = (step: number): Report => ({
  type: 'metrics',
  line: { type: 'note', step, level: 'info', text: 'x' },
});

describe('commands', () => {
  it('come whole however the pipe cuts them, multi-byte characters too', async () => {
    const { push, commands } = open();
    const text = `${JSON.stringify({ type: 'sample', of: 'raw', options: { prompt: 'Grüße 🙂' } })}\n{"type":"pause"}\n`;
    for (const byte of Buffer.from(text)) await push(Buffer.from([byte]));
    expect(commands).toMatchObject([
      { type: 'sample', of: 'raw', options: { prompt: 'Grüße 🙂', tokens: 200 } },
      { type: 'pause' },
    ]);
  });

  it.each([
    ['no JSON', 'hello\n'],
    ['an unknown type', '{"type":"dance"}\n'],
    ['another version', '{"type":"start","version":99,"job":{"kind":"scan","sources":[]}}\n'],
    ['an unknown key', '{"type":"pause","really":true}\n'],
    ['a line without end', 'x'.repeat(lineLimit + 1)],
  ])('are refused: %s; nothing after it is taken', async (_, text) => {
    const { push, commands, errors } = open();
    await push(text);
    await push('\n{"type":"pause"}\n');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^protocol: /);
    expect(commands).toEqual([]);
  });
});

describe('reports', () => {
  it('begin with the version and the process', () => {
    expect(open().sent).toEqual([{ type: 'hello', version: protocolVersion, pid: process.pid }]);
  });

  it('keep every line of metrics and about ten of progress a second, the newest among them', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const { channel, sent } = open();
      for (let step = 0; step < 1000; step++) {
        channel.send(progress(step));
        channel.send(metrics(step));
        vi.advanceTimersByTime(1);
      }
      await vi.advanceTimersByTimeAsync(200);
      const steps = sent.filter((r) => r.type === 'progress').map((r) => r.progress.done);
      expect(sent.filter((r) => r.type === 'metrics')).toHaveLength(1000);
      expect(steps.length).toBeGreaterThan(8);
      expect(steps.length).toBeLessThan(13);
      expect(steps.at(-1)).toBe(999);
    } finally {
      vi.useRealTimers();
    }
  });

  it('tell a change of phase at once, and the last progress before the end', () => {
    const { channel, sent } = open();
    channel.send(progress(1));
    channel.send(progress(2));
    channel.send(progress(2, 'saving'));
    channel.send(progress(3, 'saving'));
    channel.send({ type: 'done', result: { outcome: 'finished' } });
    expect(sent.slice(1).map((r) => (r.type === 'progress' ? r.progress.done : r.type))).toEqual([1, 2, 3, 'done']);
  });

  it('still go to an end that only listens, and nowhere once it is gone; either is told once', async () => {
    const { channel, pipe, sent, closed } = open();
    pipe.push(null);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(closed()).toBe(1);
    channel.send(metrics(1));
    expect(sent).toHaveLength(2);
    pipe.destroy();
    await new Promise((resolve) => setTimeout(resolve, 5));
    channel.send(metrics(2));
    await channel.close();
    expect(closed()).toBe(1);
    expect(sent).toHaveLength(2);
  });
});
