/** Reads what a run's folder says. Never writes: a folder at work belongs to its worker. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunDetail } from '../shared/api.ts';
import { policyConfig } from '../shared/config.ts';
import { type RunFile, runFile } from '../shared/run-file.ts';
import { exists, folderBytes, readIfThere } from './folders.ts';

/** The part of trainer.json that lists use: which averages a checkpoint can give. */
const trainerFile = z.object({
  policies: z.record(z.string(), z.object({ config: policyConfig, state: z.object({ count: z.number().int() }) })),
});

/** @returns the run's file, or in words why it cannot be read; null when the folder holds none. */
export async function readRunFile(folder: string): Promise<{ file: RunFile } | { problem: string } | null> {
  const text = await readIfThere(join(folder, 'run.json'));
  if (text === null) return null;
  try {
    const parsed = runFile.safeParse(JSON.parse(text));
    return parsed.success ? { file: parsed.data } : { problem: z.prettifyError(parsed.error) };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** Steps of the checkpoints that are whole, oldest first. */
export async function checkpointSteps(folder: string): Promise<number[]> {
  const parent = join(folder, 'checkpoints');
  const entries = await readdir(parent).catch(() => [] as string[]);
  const steps = entries.map((name) => /^step-(\d{8,})$/.exec(name)?.[1]).filter((digits) => digits !== undefined);
  const whole = await Promise.all(steps.map((digits) => exists(join(parent, `step-${digits}`, 'DONE'))));
  return steps
    .filter((_, i) => whole[i])
    .map(Number)
    .sort((a, b) => a - b);
}

export function checkpointFolder(folder: string, step: number): string {
  return join(folder, 'checkpoints', `step-${String(step).padStart(8, '0')}`);
}

export async function readCheckpoints(folder: string): Promise<RunDetail['checkpoints']> {
  const steps = await checkpointSteps(folder);
  return Promise.all(
    steps.map(async (step) => {
      const path = checkpointFolder(folder, step);
      return { step, bytes: await folderBytes(path), averages: await averagesAt(path) };
    }),
  );
}

/** Ids of the policies that had a value at a checkpoint. */
async function averagesAt(checkpoint: string): Promise<string[]> {
  const text = await readIfThere(join(checkpoint, 'trainer.json'));
  if (text === null) return [];
  try {
    const { policies } = trainerFile.parse(JSON.parse(text));
    return Object.entries(policies)
      .filter(([, { state }]) => state.count > 0)
      .map(([id]) => id);
  } catch {
    return [];
  }
}

export async function readExports(folder: string): Promise<RunDetail['exports']> {
  const parent = join(folder, 'exports');
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
  const shown = entries.filter((entry) => !entry.name.startsWith('.'));
  const found = await Promise.all(
    shown.map(async (entry) => {
      const path = join(parent, entry.name);
      // nanoGPT's checkpoints are single files.
      const bytes = entry.isDirectory() ? await folderBytes(path) : ((await stat(path).catch(() => null))?.size ?? 0);
      return { name: entry.name, path, bytes };
    }),
  );
  return found.sort((a, b) => a.name.localeCompare(b.name));
}
