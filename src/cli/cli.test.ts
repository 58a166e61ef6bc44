import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { locate } from '../app/locate.ts';

const parts = locate();
let home: string;
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'meander-cli-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const entry = path.join(parts.root, 'src/cli/main.ts');
const flags = ['--disable-warning=ExperimentalWarning', entry];
const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  MEANDER_HOME: home,
  XDG_CONFIG_HOME: path.join(home, 'config'),
});
function meander(...args: string[]): { code: number | null; out: string; err: string } {
  const done = spawnSync(parts.node, [...flags, ...args], { encoding: 'utf8', env: environment() });
  return { code: done.status, out: done.stdout, err: done.stderr };
}
const lastJson = (text: string): Record<string, unknown> => JSON.parse(text.trimEnd().split('\n').at(-1) as string);

test('help names every command, and every command has help', () => {
  const { code, out } = meander('--help');
  expect(code).toBe(0);
  for (const name of [
    'prepare',
    'train',
    'fork',
    'rescue',
    'evaluate',
    'average',
    'sample',
    'export',
    'serve',
    'doctor',
    'quickstart',
  ]) {
    expect(out).toContain(`  ${name}`);
    const help = meander(name, '--help');
    expect(help.code, name).toBe(0);
    expect(help.out).toContain(`Usage: meander ${name}`);
  }
});

test.each([
  [['frobnicate'], 'there is no command "frobnicate"'],
  [['train', '--colour', 'red'], "Unknown option '--colour'"],
  [['prepare'], 'name at least one file or folder'],
  [['prepare', 'x', '--split', 'file'], '--split file and --validation-file go together'],
  [['doctor', 'x'], '"x" is one too many'],
  [['sample', 'nothing', '--top-p', '2'], '--top-p: takes at most 1, not 2'],
  [['export', 'nothing'], 'there is no run called "nothing"'],
  [['evaluate', './nothing', '--dataset', 'x'], 'there is nothing at '],
  [['sample', '/', '--of', 'lawa'], '--of is for a run'],
  [['evaluate', '/', 'small', '--dataset', 'x'], 'name one run, or paths of models'],
  [['fork', 'nothing', '--step', '1', '--end', '2'], 'there is no run called "nothing"'],
  [['rescue', 'nothing'], 'there is no run called "nothing"'],
  [['train', '--resume', 'x', '--rescue'], 'meander rescue makes a child run'],
  [['train', '--resume', 'x', '--set', 'steps=9'], '--set cannot go with it'],
  [['sample', 'nothing', '--tokens', 'many'], '--tokens takes a number, not "many"'],
  [['quickstart', '--steps', '76'], '--steps takes a multiple of 75'],
  [['train', '--resume', 'x', '--sweep', 'seed=1'], '--sweep cannot go with it'],
  [['train', '--resume', 'x', '--mix', 'y=1'], '--mix cannot go with it'],
  [['train', '--preset', 'none', '--dataset', 'x'], 'There is no preset "none"'],
])('a wrong call says what is wrong and exits with 2: %j', (args, message) => {
  const { code, err } = meander(...args);
  expect(err).toContain(message);
  expect(code).toBe(2);
});

test('a folder without text is a failure that names the folder, exit code 1', () => {
  const empty = mkdtempSync(path.join(home, 'empty-'));
  const { code, err } = meander('prepare', empty, '--name', 'nothing');
  expect(code).toBe(1);
  expect(err).toContain(empty);
});

test('prepare, train, stop words, evaluate, sample, export and average work together', () => {
  const text = path.join(home, 'text.txt');
  writeFileSync(text, 'The quick brown fox jumps over the lazy dog. '.repeat(800));
  const prepared = meander('prepare', text, '--name', 'fox', '--tokenizer', 'characters', '--split', 'tail', '--json');
  expect(prepared.err).not.toContain('Error');
  expect(lastJson(prepared.out)).toMatchObject({ name: 'fox', tokenizer: { kind: 'characters' } });

  const printed = meander('train', '--preset', 'quickstart', '--dataset', 'fox', '--name', 'small', '--print-config');
  const config = JSON.parse(printed.out) as Record<string, Record<string, unknown>>;
  const file = path.join(home, 'small.json');
  const small = {
    ...config,
    steps: 40,
    model: { ...config.model, layers: 2, heads: 2, width: 32, blockSize: 16 },
    schedule: { ...config.schedule, warmupSteps: 5 },
    policies: [
      { kind: 'lawa', id: 'lawa', k: 3, spacing: 5 },
      { kind: 'power', id: 'power', storeEvery: 4 },
    ],
    evaluation: { every: 20, blocks: 8 },
    checkpoints: { every: 20 },
  };
  writeFileSync(file, JSON.stringify(small));
  const trained = meander('train', '--config', file, '--set', 'dataset=fox', '--json');
  expect(trained.code, trained.err).toBe(0);
  expect(lastJson(trained.out)).toMatchObject({ outcome: 'finished', step: 40 });
  expect(trained.out).toMatch(/lawa .*(better|no difference|worse)/);
  expect(meander('train', '--config', file).err).toContain('there is a run called "small" already');
  expect(trained.err).toContain('lawa: It looks back over 25% of the whole run');
  const made = JSON.parse(readFileSync(path.join(home, 'runs/small/run.json'), 'utf8'));
  expect(made.config.dataset).toBe(path.join(home, 'datasets/fox'));
  expect(lastJson(meander('train', '--resume', 'small', '--set', 'device.threads=1', '--json').out)).toMatchObject({
    outcome: 'finished',
  });

  // The alphabet is the same, the text is not.
  const other = path.join(home, 'other.txt');
  writeFileSync(other, 'The lazy dog jumps over the quick brown fox. '.repeat(300));
  meander('prepare', other, '--name', 'Dogs 2', '--tokenizer', 'characters', '--split', 'tail');
  const mixing = ['train', '--config', file, '--name', 'blend', '--mix', 'Dogs 2=1', '--mix', 'fox=3'];
  const blend = meander(...mixing, '--set', 'dataset=fox', '--set', 'mix.others.dogs-2.weight=2', '--json');
  expect(blend.code, blend.err).toBe(0);
  expect(blend.out).toMatch(/weights +validation loss +on dogs-2 +difference to raw/);
  const others = [{ id: 'dogs-2', dataset: path.join(home, 'datasets/Dogs 2'), weight: 2 }];
  const blended = JSON.parse(readFileSync(path.join(home, 'runs/blend/run.json'), 'utf8'));
  expect(blended.config.mix).toEqual({ weight: 3, others });
  expect(blended.mixFingerprints).toEqual({ 'dogs-2': expect.stringMatching(/^[0-9a-f]{64}$/) });

  const evaluated = meander('evaluate', 'small', '--of', 'raw,lawa,power,power@0.15', '--blocks', '8');
  expect(evaluated.code, evaluated.err).toBe(0);
  expect(evaluated.out).toMatch(/power@0\.15 at 40/);
  expect(meander('export', 'small', '--of', 'power@0.15', '--json').code).toBe(0);
  expect(existsSync(path.join(home, 'runs/small/exports/power@0.15-float32/model.safetensors'))).toBe(true);
  expect(meander('evaluate', 'small', '--of', 'lawa@0.15').err).toContain('it is no power EMA');
  expect(evaluated.out).toMatch(/lawa at 40/);
  const sample = () => meander('sample', 'small', '--of', 'lawa', '--prompt', 'The ', '--tokens', '20', '--json').out;
  expect(sample()).toBe(sample());
  expect(lastJson(sample()).text).toHaveLength(20);

  const out = path.join(home, 'exported');
  expect(meander('export', 'small', '--of', 'lawa', '--format', 'bfloat16', '--out', out).code).toBe(0);
  expect(JSON.parse(readFileSync(path.join(out, 'config.json'), 'utf8'))).toMatchObject({
    model_type: 'gpt2',
    n_layer: 2,
  });
  const steps = ['step-00000020', 'step-00000040'].map((s) => path.join(home, 'runs/small/checkpoints', s));
  const mean = meander('average', ...steps, '--out', path.join(home, 'mean'));
  expect(mean.code, mean.err).toBe(0);

  const child = meander('fork', 'small', '--step', '20', '--end', '40', '--cooldown', '--json');
  expect(child.code, child.err).toBe(0);
  expect(lastJson(child.out)).toMatchObject({
    outcome: 'finished',
    step: 40,
    folder: expect.stringContaining('small cooldown'),
  });
  expect(meander('fork', 'small', '--step', '21', '--end', '40', '--name', 'x').err).toContain(
    'no whole checkpoint at step 21',
  );
  const longer = meander('fork', 'small', '--step', '40', '--end', '50', '--name', 'x', '--json');
  expect(lastJson(longer.out), longer.err).toMatchObject({ outcome: 'finished', step: 50 });

  expect(meander('rescue', 'small').err).toContain('has not spiked');
  const spike = { type: 'spike', step: 30, onset: 28, loss: 9, limit: 3, snapshots: [20, 35] };
  appendFileSync(path.join(home, 'runs/small/metrics.jsonl'), `${JSON.stringify(spike)}\n`);
  const rescued = meander('rescue', 'small', '--json');
  expect(rescued.code, rescued.err).toBe(0);
  expect(lastJson(rescued.out)).toMatchObject({ step: 40, folder: expect.stringContaining('small rescue') });

  const nano = meander('export', 'small', '--of', 'lawa', '--layout', 'nanogpt', '--json');
  expect(nano.code, nano.err).toBe(0);
  const checkpoint = path.join(home, 'runs/small/exports/lawa-float32.pt');
  expect(lastJson(nano.out)).toMatchObject({ path: checkpoint, step: 40 });
  const mixed = meander('average', checkpoint, steps[1], '--out', path.join(home, 'mixed'));
  expect(mixed.code, mixed.err).toBe(0);
  const gguf = meander('export', 'small', '--of', 'lawa', '--layout', 'gguf', '--format', 'q8_0', '--json');
  expect(gguf.code, gguf.err).toBe(0);
  const written = String(lastJson(gguf.out).path);
  expect(written).toMatch(/lawa-q8_0\.gguf$/);
  expect(readFileSync(written).toString('latin1', 0, 4)).toBe('GGUF');
  const onnx = meander('export', 'small', '--layout', 'onnx', '--format', 'float16', '--json');
  expect(String(lastJson(onnx.out).path), onnx.err).toMatch(/raw-float16\.onnx$/);
  const measured = meander('evaluate', checkpoint, path.join(home, 'mixed'), '--dataset', 'fox', '--blocks', '4');
  expect(measured.code, measured.err).toBe(0);
  expect(measured.out).toContain(checkpoint);
  const told = meander('sample', path.join(home, 'mixed'), '--prompt', 'The', '--tokens', '5');
  expect(told.out, told.err).toMatch(/^The./);
  const from = ['--from-model', path.join(home, 'mixed'), '--print-config'];
  const started = meander('train', '--preset', 'quickstart', '--dataset', 'fox', ...from);
  expect(JSON.parse(started.out), started.err).toMatchObject({
    init: { from: 'model', path: path.join(home, 'mixed') },
    model: { layers: 2, width: 32 },
  });
  expect(meander('export', 'small', '--layout', 'llmc').err).toContain('the exact form of GELU');
  expect(meander('export', 'small', '--layout', 'llm.c').err).toContain(
    '--layout is one of huggingface, nanogpt, gguf',
  );
  expect(meander('export', 'small', '--format', 'q8_0').err).toContain('--layout huggingface holds float32, float16');
}, 180_000);

test('a sweep trains its runs one after another, passes over what fails, and goes on where it was left', () => {
  const text = path.join(home, 'dogs.txt');
  writeFileSync(text, 'The quick brown fox jumps over the lazy dog. '.repeat(400));
  expect(meander('prepare', text, '--name', 'dogs', '--tokenizer', 'characters', '--split', 'tail').code).toBe(0);
  const small = [
    ...['steps=6', 'model.layers=1', 'model.heads=1', 'model.width=8', 'model.blockSize=8', 'batch.microBatch=2'],
    ...['schedule.warmupSteps=1', 'evaluation.every=6', 'evaluation.blocks=4', 'policies=[]'],
  ].flatMap((assignment) => ['--set', assignment]);
  const sweep = ['--sweep', 'lr=1e-3,2e-3', '--sweep', 'seed=7', '--json'];
  const call = (...more: string[]) =>
    meander('train', '--preset', 'quickstart', '--dataset', 'dogs', '--name', 's', ...small, ...sweep, ...more);

  // The first run cannot start: something that is no lock stands in its place.
  const [config] = JSON.parse(call('--print-config').out) as { name: string }[];
  const broken = path.join(home, 'runs', config!.name);
  mkdirSync(path.join(broken, 'lock'), { recursive: true });
  writeFileSync(path.join(broken, 'run.json'), JSON.stringify({ schema: 1, config, createdAt: '' }));
  const first = call();
  expect(first.code, first.err).toBe(1);
  expect(lastJson(first.out)).toMatchObject({
    runs: [
      { name: 's lr=1e-3 seed=7', outcome: 'failed' },
      { outcome: 'finished', step: 6, values: { 'schedule.peak': 2e-3, seed: 7 } },
    ],
    lowest: { run: 's lr=2e-3 seed=7', of: 'raw' },
  });
  expect(first.out).toMatch(/s lr=2e-3 seed=7 +6 +\d\.\d{4}/);

  rmSync(broken, { recursive: true });
  const again = call();
  expect(again.code, again.err).toBe(0);
  expect(again.err.match(/It has made all its steps already/g)).toHaveLength(1);
  expect(call('--set', 'steps=7').err).toContain('there is a run called "s lr=1e-3 seed=7" already, with another');
});

test('Ctrl-C ends a sample between two tokens, with what it has and exit code 130', async () => {
  const child = spawn(parts.node, [...flags, 'sample', 'small', '--prompt', 'The ', '--tokens', '4096'], {
    env: environment(),
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (out === '') child.kill('SIGINT');
    out += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code).toBe(130);
  expect(out.length).toBeGreaterThan(1);
  expect(out.length).toBeLessThan(4000);
});

test('a configuration with unknown and wrong keys is refused by their paths', () => {
  const file = path.join(home, 'wrong.json');
  const printed = meander('train', '--preset', 'quickstart', '--dataset', 'fox', '--name', 'wrong', '--print-config');
  const config = JSON.parse(printed.out) as Record<string, object>;
  const policies = [
    { kind: 'lawa', id: 'a', k: 0, spacing: 0 },
    { kind: 'ema', id: 'b', decay: 1 },
    { kind: 'swa', id: 'c', every: 10, start: 5000 },
  ];
  writeFileSync(file, JSON.stringify({ ...config, policies, schedule: { ...config.schedule, peek: 1 } }));
  const { code, err } = meander('train', '--config', file);
  expect(code).toBe(2);
  for (const part of ['schedule.peek: there is no such key', 'policies.a.k', 'policies.a.spacing', 'policies.b.decay'])
    expect(err).toContain(part);
  writeFileSync(file, JSON.stringify({ ...config, policies: policies.slice(2) }));
  expect(meander('train', '--config', file).err).toContain('after the end of the run');
});

test('quickstart at learning rate 0 finds no difference', () => {
  const { code, out, err } = meander('quickstart', '--steps', '75', '--learning-rate', '0', '--json');
  expect(code, err).toBe(0);
  expect(out).toMatch(/lawa .*no difference/);
  const result = lastJson(out);
  expect(result.verdicts).toEqual({ lawa: 'no difference', ema: 'no difference', swa: 'no difference' });
  expect(result.differences).toMatchObject({ lawa: expect.closeTo(0, 5) });
}, 240_000);
