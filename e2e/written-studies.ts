/** A study as its folder and its runs would be when all of it is measured, written in a moment. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { StudyFile, StudyMember } from '../src/shared/studies.ts';
import { writeRun } from './written-runs.ts';

/** Two rates and three seeds of 100 steps, of which the last `open` runs are not measured. */
export async function writeStudy(home: string, name: string, open = 0): Promise<void> {
  const members: StudyMember[] = [];
  let config: StudyFile['config'] | null = null;
  for (const rate of [1e-3, 3e-3])
    for (const seed of [1, 2, 3]) {
      const run = `${name} lr=${rate.toExponential()} seed=${seed}`;
      const final = (rate === 1e-3 ? 2.3 : 2) + seed / 50;
      const own = await writeRun(home, run, { final, change: { seed } });
      config ??= { ...own, name };
      const measured = members.length < 6 - open;
      if (measured)
        await writeRun(home, `${run} cooldown`, { final: final - 0.15, from: 80, change: { seed, policies: [] } });
      const paired = measured ? { difference: -0.15, standardError: 0.01 } : null;
      members.push({ run, cooldown: `${run} cooldown`, rate, seed, problem: null, paired });
    }
  const file: StudyFile = { schema: 1, createdAt: new Date().toISOString(), config: config!, members };
  await mkdir(path.join(home, 'studies', name), { recursive: true });
  await writeFile(path.join(home, 'studies', name, 'study.json'), JSON.stringify(file));
}
