/** Reads what a run's folder says of its averages. Never writes. */
import { open, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { HeldPolicy, TrajectoryPoint, WrittenModel } from '../shared/averages.ts';
import { policyConfig } from '../shared/config.ts';
import { exportEnding, exportLayout } from '../shared/export-layouts.ts';
import { folderBytes, folderNames, readIfThere } from './folders.ts';
import { checkpointFolder, checkpointSteps } from './run-files.ts';

/** Names that a checkpoint holds are safe: a run's own worker wrote them. Everything else is checked all the same. */
const trainerFile = z.object({
  validationLoss: z.number().nullable().catch(null),
  policies: z.record(
    z.string(),
    z.object({
      config: policyConfig,
      state: z.object({
        count: z.number().int(),
        newest: z.number().int().optional(),
        window: z.array(z.number().int()).optional(),
        stored: z.array(z.object({ step: z.number().int() })).optional(),
        backfilled: z.boolean().optional(),
      }),
    }),
  ),
});
type TrainerFile = z.output<typeof trainerFile>;

/** A header of safetensors longer than this is not read for its few words of provenance. */
const headerLimit = 8 * 1024 * 1024;
/** What a model folder says of itself, in its file of weights. */
const provenance = z.object({
  step: z.coerce.number().int().nonnegative().nullable().catch(null),
  policy: z.string().nullable().catch(null),
  recipe: z.string().nullable().catch(null),
  loss: z.coerce.number().nullable().catch(null),
});
const configFile = z.object({ torch_dtype: z.string().optional().catch(undefined) });

async function readTrainer(folder: string, step: number): Promise<TrainerFile | null> {
  const text = await readIfThere(join(checkpointFolder(folder, step), 'trainer.json'));
  try {
    return text === null ? null : trainerFile.parse(JSON.parse(text));
  } catch {
    // The run's page says what is wrong with a damaged checkpoint.
    return null;
  }
}

/** Weights on disk, oldest first, and what the policies of the newest checkpoint hold. */
export async function readTrajectory(
  folder: string,
): Promise<{ step: number | null; policies: HeldPolicy[]; points: TrajectoryPoint[] }> {
  const steps = await checkpointSteps(folder);
  const step = steps.at(-1) ?? null;
  const newest = step === null ? null : await readTrainer(folder, step);
  const policies = await Promise.all(
    Object.entries(newest?.policies ?? {}).map(async ([id, { config, state }]): Promise<HeldPolicy> => {
      const isPower = config.kind === 'power';
      return {
        config,
        count: state.count,
        newest: state.newest ?? null,
        window: config.kind === 'lawa' || config.kind === 'wma' ? (state.window ?? []) : null,
        pairs: isPower
          ? { count: state.stored?.length ?? 0, bytes: await folderBytes(join(folder, 'pairs', id)) }
          : null,
        backfilled: state.backfilled ?? false,
      };
    }),
  );
  const heldBy = (s: number): string[] =>
    policies.filter(({ window }) => window?.includes(s)).map(({ config }) => config.id);
  const checkpoints = await Promise.all(
    steps.map(async (s): Promise<TrajectoryPoint> => {
      const loss = (s === step ? newest : await readTrainer(folder, s))?.validationLoss ?? null;
      return {
        step: s,
        kind: 'checkpoint',
        bytes: await folderBytes(checkpointFolder(folder, s)),
        loss,
        heldBy: heldBy(s),
      };
    }),
  );
  const snapshots = await readSnapshots(folder, new Set(steps), heldBy);
  return { step, policies, points: [...checkpoints, ...snapshots].sort((a, b) => a.step - b.step) };
}

async function readSnapshots(
  folder: string,
  checkpoints: ReadonlySet<number>,
  heldBy: (step: number) => string[],
): Promise<TrajectoryPoint[]> {
  const parent = join(folder, 'snapshots');
  const found: TrajectoryPoint[] = [];
  for (const name of await readdir(parent).catch(() => [] as string[])) {
    const digits = /^step-(\d{8,15})\.safetensors$/.exec(name)?.[1];
    const info = digits === undefined ? null : await stat(join(parent, name)).catch(() => null);
    const step = Number(digits);
    if (info && !checkpoints.has(step))
      found.push({ step, kind: 'snapshot', bytes: info.size, loss: null, heldBy: heldBy(step) });
  }
  return found;
}

/** Models written from a run: averages/<what>/step-…, and what lies in exports/. Newest first. */
export async function readWritten(folder: string): Promise<WrittenModel[]> {
  const averages = join(folder, 'averages');
  const found: (WrittenModel | null)[] = [];
  for (const id of await folderNames(averages))
    for (const name of await folderNames(join(averages, id)))
      found.push(await readModel(join(averages, id, name), id.includes('@') ? 'window' : 'policy', `${id}/${name}`));
  found.push(...(await readModels(join(folder, 'exports'), 'export')));
  return newestFirst(found);
}

/** Models that lie in a folder side by side: model folders and nanoGPT's files. */
export async function readModels(parent: string, kind: WrittenModel['kind']): Promise<WrittenModel[]> {
  const names = (await readdir(parent).catch(() => [] as string[])).filter((name) => !name.startsWith('.'));
  return newestFirst(await Promise.all(names.map((name) => readModel(join(parent, name), kind, name))));
}

const newestFirst = (models: readonly (WrittenModel | null)[]): WrittenModel[] =>
  models.filter((model) => model !== null).sort((a, b) => b.createdAt.localeCompare(a.createdAt));

/** Null where there is no model. */
async function readModel(path: string, kind: WrittenModel['kind'], name: string): Promise<WrittenModel | null> {
  const info = await stat(path).catch(() => null);
  if (!info) return null;
  const isFolder = info.isDirectory();
  const layout = isFolder ? 'huggingface' : layoutOf(path);
  if (layout === null) return null;
  const metadata = isFolder ? await readMetadata(join(path, 'model.safetensors')) : null;
  if (isFolder && metadata === null) return null;
  const said = provenance.parse(metadata ?? {});
  const named = namedAfter(basename(path));
  return {
    path,
    name,
    kind,
    layout,
    bytes: isFolder ? await folderBytes(path) : info.size,
    createdAt: info.mtime.toISOString(),
    of: said.policy ?? named?.of ?? null,
    step: said.step ?? named?.step ?? null,
    recipe: said.recipe,
    dtype: (isFolder ? await readDtype(path) : null) ?? named?.dtype ?? null,
    loss: said.loss,
  };
}

/** A file's layout by its ending. */
function layoutOf(path: string): WrittenModel['layout'] | null {
  if (path.endsWith('.pth')) return 'nanogpt';
  const layouts = exportLayout.options.filter((layout) => exportEnding[layout] !== '');
  return layouts.find((layout) => path.endsWith(exportEnding[layout])) ?? null;
}

/** What the name of an export says: raw-step-100-float32.pt */
function namedAfter(name: string): { of: string; step: number; dtype: string } | null {
  const match = /^(.+)-step-(\d+)-(float32|float16|bfloat16|q8_0)(?:-\d+)?(?:\.(?:pt|gguf|bin|onnx))?$/.exec(name);
  return match ? { of: match[1]!, step: Number(match[2]), dtype: match[3]! } : null;
}

async function readDtype(folder: string): Promise<string | null> {
  try {
    return configFile.parse(JSON.parse((await readIfThere(join(folder, 'config.json'))) ?? '{}')).torch_dtype ?? null;
  } catch {
    return null;
  }
}

/** __metadata__ of a safetensors file, every length checked; null where it is none. */
async function readMetadata(path: string): Promise<Record<string, string> | null> {
  const handle = await open(path, 'r').catch(() => null);
  if (!handle) return null;
  try {
    const length = Buffer.alloc(8);
    if ((await handle.read(length, 0, 8, 0)).bytesRead < 8) return null;
    const size = length.readBigUInt64LE();
    if (size > BigInt(headerLimit)) return {};
    const header = Buffer.alloc(Number(size));
    if ((await handle.read(header, 0, header.length, 8)).bytesRead < header.length) return null;
    const { __metadata__: metadata } = JSON.parse(header.toString('utf8')) as { __metadata__?: unknown };
    const parsed = z.record(z.string(), z.string()).safeParse(metadata ?? {});
    return parsed.success ? parsed.data : {};
  } catch {
    return null;
  } finally {
    await handle.close();
  }
}
