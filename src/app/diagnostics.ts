/** What a report of a problem needs, in text that can be shown to anybody. */
import type { RunDetail } from '../shared/api.ts';
import type { RunSeries } from '../shared/series.ts';

/** Names that belong to the user, not into a report. */
export interface Private {
  /** Folders and what to write in their place; the home of the user, of the data, of the program. */
  readonly folders: readonly { readonly path: string; readonly as: string }[];
  readonly user: string;
  readonly host: string;
}

/** Names that are words of every log, or too short to be anybody's, and would only tear holes into it. */
const common = new Set(['root', 'user', 'admin', 'home', 'localhost', 'node', 'meander', 'train', 'run', 'test']);

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * Text without paths and without the names of user and machine. Known folders keep a name, the longest first; of any
 * other absolute path the last part stays, since a file's name says what failed. Case does not matter, nor which way
 * slashes lean, nor whether JSON has doubled them.
 */
export function redact(text: string, { folders, user, host }: Private): string {
  let clean = text;
  const slash = String.raw`(?:\\\\|[\\/])`;
  for (const { path, as } of [...folders].sort((a, b) => b.path.length - a.path.length)) {
    const parts = path.split(/[\\/]+/).filter((part) => part !== '');
    if (parts.length === 0) continue;
    const lead = /^[\\/]/.test(path) ? slash : '';
    const pattern = `${lead}${parts.map(escaped).join(slash)}(?![^\\\\/\\s"'\`,;:)\\]}])`;
    clean = clean.replace(new RegExp(pattern, 'giu'), as);
  }
  clean = clean
    // In quotes, a path may hold spaces.
    .replace(
      /"(?:\/|[a-z]:[\\/]|\\\\)[^"\n]*"/giu,
      (path) =>
        `"<path>/${path
          .slice(1, -1)
          .split(/[\\/]+/)
          .at(-1)}"`,
    )
    // file:///home/… and /home/…, C:\Users\… and \\server\share\…; a slash inside of a word is none of these.
    .replace(/(?<![\w~>.\-/\\])(?:file:\/\/)?\/(?:[^\s"'`,;:()[\]{}/\\]+\/)+([^\s"'`,;:()[\]{}/\\]*)/gu, '<path>/$1')
    .replace(
      /(?<![\w~>\\])(?:[a-z]:[\\/]+|\\\\+)(?:[^\s"'`,;:()[\]{}/\\]+[\\/]+)*([^\s"'`,;:()[\]{}/\\]*)/giu,
      '<path>/$1',
    );
  for (const [name, as] of [
    [user, '<user>'],
    [host, '<host>'],
    [host.split('.')[0], '<host>'],
  ])
    if (name.length > 2 && !common.has(name.toLowerCase()))
      clean = clean.replace(new RegExp(`(?<![\\p{L}\\p{N}_])${escaped(name)}(?![\\p{L}\\p{N}_])`, 'giu'), as);
  return clean;
}

export interface DiagnosticsParts {
  readonly version: string;
  readonly node: string;
  /** Operating system, release and architecture. */
  readonly system: string;
  readonly processor: string;
  readonly native: string | null;
  /** Bytes of memory in all, and bytes of free disk. */
  readonly memory: number;
  readonly freeDisk: number | null;
  readonly settings: object;
  readonly run: RunDetail;
  readonly series: Pick<RunSeries, 'devices' | 'notes' | 'resumes' | 'reached'>;
  readonly log: string;
}

/** Lines of the log, and notes, that are taken along. */
const logLines = 80;
const noteCount = 10;

const gigabytes = (bytes: number | null): string => (bytes === null ? 'unknown' : `${(bytes / 1e9).toFixed(1)} GB`);

/** The report, not redacted yet. */
export function diagnosticsText(parts: DiagnosticsParts): string {
  const { run, series } = parts;
  const device = run.job?.device ?? series.devices.at(-1);
  const errors = series.notes.filter(({ level }) => level !== 'info').slice(-noteCount);
  const section = (title: string, lines: readonly string[]): string[] => ['', `## ${title}`, ...lines];
  const { error } = run.job ?? { error: null };
  return [
    '# Meander diagnostics',
    `Meander ${parts.version}, Node ${parts.node}, kernels ${parts.native ?? 'not working'}`,
    `${parts.system}; ${parts.processor}`,
    `Memory ${gigabytes(parts.memory)}, free disk ${gigabytes(parts.freeDisk)}`,
    ...section('Run', [
      `status ${run.status}, step ${series.reached} of ${run.config.steps}, ${run.checkpoints.length} checkpoints`,
      `resumes ${series.resumes.map(({ from, exact }) => `${from}${exact ? '' : ' (not exact)'}`).join(', ') || 'none'}`,
      device ? `${device.backend} on ${device.device}, ${device.family}, ${device.threads} threads` : 'no device yet',
    ]),
    ...section('Latest errors and warnings', [
      ...(error ? [`${error.code}: ${error.message} ${error.next}`] : []),
      ...(run.problem === null ? [] : [run.problem]),
      ...errors.map(({ step, level, text }) => `step ${step}, ${level}: ${text}`),
      ...(!error && run.problem === null && errors.length === 0 ? ['none'] : []),
    ]),
    ...section('Settings', [JSON.stringify(parts.settings)]),
    ...section('Configuration', [JSON.stringify(run.config)]),
    ...section('End of the log', parts.log.trimEnd().split('\n').slice(-logLines)),
    '',
  ].join('\n');
}
