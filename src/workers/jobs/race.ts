/** Engines against each other on the model of a run, each measured once: the times are kept in a file. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Backend } from '../../engine/backends/backend.ts';
import type { Race } from '../../engine/backends/select.ts';
import { stepSeconds } from '../../engine/train/index.ts';
import type { RunConfig } from '../../shared/config.ts';
import { writeFileAtomically } from '../../shared/files.ts';

/** Seconds of measuring per engine, beside its start. */
const measuring = 1;
/** Times kept; the oldest go first. */
const most = 100;
const kept = z.object({ version: z.string(), seconds: z.record(z.string(), z.number().positive()) });

/**
 * Times of steps of `config`, measured where none is known. They are kept in engine-speeds.json of `folder` (null:
 * nowhere) and hold for one version of the application, device, kernel family, number of threads and model.
 */
export function engineRace(config: RunConfig, folder: string | null, version: string): Race {
  return {
    of: 'a step of this model',
    async seconds(backend) {
      const file = folder === null ? null : join(folder, 'engine-speeds.json');
      const known = file === null ? {} : await timesIn(file, version);
      const key = keyOf(backend, config);
      const before = known[key];
      if (before !== undefined) return before;
      const seconds = await stepSeconds(backend, config, measuring);
      if (file !== null) {
        const newest = Object.entries({ ...(await timesIn(file, version)), [key]: seconds }).slice(-most);
        // A convenience: where it cannot be kept, it is measured again.
        await writeFileAtomically(file, JSON.stringify({ version, seconds: Object.fromEntries(newest) })).catch(
          () => {},
        );
      }
      return seconds;
    },
  };
}

async function timesIn(file: string, version: string): Promise<Record<string, number>> {
  try {
    const { version: of, seconds } = kept.parse(JSON.parse(await readFile(file, 'utf8')));
    return of === version ? seconds : {};
  } catch {
    return {};
  }
}

/** Everything that a step's time hangs on. */
function keyOf({ info }: Backend, { model, batch }: RunConfig): string {
  const { device, family, threads, numerics } = info;
  const { backend, precision, library } = numerics;
  return JSON.stringify({ backend, library, device, family, threads, precision, model, batch });
}
