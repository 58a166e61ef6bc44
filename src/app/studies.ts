/**
 * Studies of the window: the grid goes through the queue, and when a run has finished its cooldown is forked and
 * queued, then compared with it. What was asked for lies in `studies/<name>/study.json` beside `runs/`; what was
 * measured is read from the runs each time.
 */
import { join } from 'node:path';
import type { AppEvent, RunSummary } from '../shared/api.ts';
import { type RunConfig, runConfig } from '../shared/config.ts';
import { UserError } from '../shared/errors.ts';
import { withFileErrors, writeFileAtomically } from '../shared/files.ts';
import {
  type StudyDetail,
  type StudyFile,
  type StudyMember,
  type StudyRequest,
  type StudySummary,
  studyFile,
} from '../shared/studies.ts';
import { cooldownLength, type StudyRun, studyConfig, studyPoints } from '../shared/study.ts';
import { expandSweep } from '../shared/sweep.ts';
import { folderNames, makeFolder, readIfThere, removeFolder, sweepUnfinished } from './folders.ts';
import { folderOf } from './names.ts';
import type { Runs } from './runs.ts';
import type { Training } from './training.ts';

export interface StudiesOptions {
  readonly home: () => string;
  readonly runs: Runs;
  readonly training: Training;
  readonly emit: (event: AppEvent) => void;
  /** Told of what nobody waits for. */
  readonly onDefect: (error: unknown) => void;
}

const fileName = 'study.json';
const cooldownOf = (run: string): string => `${run} cooldown`;

export class Studies {
  readonly #options: StudiesOptions;
  /** What is under way; one look after the other. */
  #looking: Promise<void> = Promise.resolve();
  #again = false;

  constructor(options: StudiesOptions) {
    this.#options = options;
  }

  get #parent(): string {
    return join(this.#options.home(), 'studies');
  }

  /** Newest first; folders without a study.json, which the command line makes, are none. */
  async list(): Promise<StudySummary[]> {
    const all = await this.#all();
    const summaries = [...all].map(([name, file]) => this.#summary(name, file));
    return summaries.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  }

  /** @throws UserError 'study-missing' */
  async get(name: string): Promise<StudyDetail> {
    const file = await this.#file(name);
    if (!file) throw missing(name);
    const { runs } = this.#options;
    const start = file.config.steps - cooldownLength(file.config.steps);
    const names = new Set(await runs.names());
    const measured: StudyRun[] = [];
    const list: StudyDetail['list'] = [];
    for (const member of file.members) {
      const [trunk, cooldown] = await Promise.all(
        [member.run, member.cooldown].map((run) => (names.has(run) ? runs.summary(run) : null)),
      );
      const lines = async (run: RunSummary | null) => (run ? (await runs.series(run.name)).evaluations : []);
      const [evaluations, cooled] = [await lines(trunk), await lines(cooldown)];
      const whole = member.paired !== null;
      const { rate, seed, paired } = member;
      // A run that failed can be resumed, so that is not the end of it.
      const broke = [trunk, cooldown].find((run) => run?.status === 'failed' || run?.status === 'broken');
      measured.push({ rate, seed, evaluations, cooldown: whole ? cooled : [], annealed: paired });
      list.push({
        ...member,
        problem: member.problem ?? broke?.problem ?? null,
        status: trunk?.status ?? null,
        cooldownStatus: cooldown?.status ?? null,
        steps: (trunk?.step ?? 0) + Math.max(0, (cooldown?.step ?? start) - start),
      });
    }
    return { ...this.#summary(name, file), config: file.config, list, points: studyPoints(measured) };
  }

  /** @throws UserError 'study-exists', 'study-steps', and as `Training.sweep` does */
  async start({ base, rates, seeds, spacings }: StudyRequest): Promise<StudySummary> {
    const { runs, training } = this.#options;
    const config = studyConfig(base, spacings);
    const axes = [
      { field: 'schedule.peak', values: [...rates] },
      { field: 'seed', values: [...seeds] },
    ];
    const taken = new Set(await runs.names());
    const wanted = expandSweep(config, axes, [...taken]).flatMap((run) => run.config ?? []);
    const long = wanted
      .map(({ name }) => cooldownOf(name))
      .find((name) => !runConfig.shape.name.safeParse(name).success);
    if (long !== undefined)
      throw new UserError(
        'name-long',
        `"${long}" is too long for the name of a run.`,
        'Give the study a shorter name.',
      );
    const clash = wanted.map(({ name }) => cooldownOf(name)).find((name) => taken.has(name));
    if (clash !== undefined)
      throw new UserError('run-exists', `There is a run "${clash}" already.`, 'Choose another name for the study.');
    if (await this.#file(config.name)) throw existing(config.name);
    const made = await training.sweep(config, axes);
    const member = ({ name, config: own }: { name: string; config: RunConfig }): StudyMember => ({
      run: name,
      cooldown: cooldownOf(name),
      rate: own.schedule.peak,
      seed: own.seed,
      problem: null,
      paired: null,
    });
    const file: StudyFile = { schema: 1, createdAt: new Date().toISOString(), config, members: made.map(member) };
    const fresh = await makeFolder(this.#parent, config.name, (folder) =>
      writeFileAtomically(join(folder, fileName), `${JSON.stringify(file, null, 2)}\n`),
    );
    // A folder that the command line made for its results is taken over.
    if (!fresh) await this.#write(config.name, file);
    this.look();
    return this.#summary(config.name, file);
  }

  /** @throws UserError 'study-missing' */
  async delete(name: string): Promise<void> {
    if (!(await this.#file(name))) throw missing(name);
    await this.#settled();
    await removeFolder(this.#parent, name);
    this.#options.emit({ type: 'changed', what: 'runs' });
  }

  /** Finishes deletions. For the start of the application. */
  async repair(): Promise<void> {
    await sweepUnfinished(this.#parent);
  }

  /** Looks whether a study can go on: call when a run has ended. */
  look(): void {
    if (this.#again) return;
    this.#again = true;
    this.#looking = this.#looking
      .then(async () => {
        this.#again = false;
        for (const [name, file] of await this.#all()) await this.#advance(name, file);
      })
      .catch(this.#options.onDefect);
  }

  async #settled(): Promise<void> {
    await this.#looking;
  }

  async #advance(name: string, file: StudyFile): Promise<void> {
    for (const [i, member] of file.members.entries()) {
      if (member.problem !== null || member.paired !== null) continue;
      const next = await this.#next(file, member).catch((error: unknown) => {
        if (!(error instanceof UserError)) throw error;
        return { ...member, problem: `${error.message} ${error.next}` };
      });
      if (next === member) continue;
      file.members[i] = next;
      // It may have been deleted meanwhile.
      if (await this.#file(name)) await this.#write(name, file);
      this.#options.emit({ type: 'changed', what: 'runs' });
    }
  }

  /** One step for one run of the grid; the same object where there is none to make. @throws UserError */
  async #next({ config }: StudyFile, member: StudyMember): Promise<StudyMember> {
    const { runs, training } = this.#options;
    const { steps, schedule } = config;
    const trunk = await runs.summary(member.run);
    if (trunk.status !== 'finished') return member;
    if (!(await runs.names()).includes(member.cooldown)) {
      const step = steps - cooldownLength(steps);
      const child = { step, end: steps, childName: member.cooldown, form: schedule.cooldownForm };
      await training.fork(member.run, { ...child, purpose: 'cooldown' });
      await training.start(member.cooldown);
      return member;
    }
    const cooldown = await runs.summary(member.cooldown);
    // One that was made by a look that was cut off has never been queued.
    if (cooldown.status === 'new') await training.start(member.cooldown);
    if (cooldown.status !== 'finished') return member;
    const weights = [member.run, member.cooldown].map((run) => ({ run, step: null, of: 'raw' }));
    const [, pair] = await training.compare(member.run, weights);
    if (!pair) throw new UserError('no-result', 'The comparison ended without a result.', 'Start the study again.');
    const { difference, standardError } = pair;
    return { ...member, paired: { difference, standardError } };
  }

  #summary(name: string, { createdAt, members }: StudyFile): StudySummary {
    const done = members.filter(({ paired }) => paired !== null).length;
    const failed = members.filter(({ problem }) => problem !== null).length;
    return { name, folder: join(this.#parent, name), createdAt, members: members.length, done, failed };
  }

  async #all(): Promise<Map<string, StudyFile>> {
    const found = new Map<string, StudyFile>();
    for (const name of await folderNames(this.#parent)) {
      const file = await this.#file(name);
      if (file) found.set(name, file);
    }
    return found;
  }

  /** Null where there is none, or where it is damaged. */
  async #file(name: string): Promise<StudyFile | null> {
    const text = await readIfThere(join(folderOf(this.#parent, name), fileName)).catch(() => null);
    if (text === null) return null;
    try {
      return studyFile.parse(JSON.parse(text));
    } catch {
      return null;
    }
  }

  async #write(name: string, file: StudyFile): Promise<void> {
    const path = join(this.#parent, name, fileName);
    await withFileErrors(path, () => writeFileAtomically(path, `${JSON.stringify(file, null, 2)}\n`));
  }
}

const missing = (name: string) =>
  new UserError('study-missing', `There is no study "${name}".`, 'Look at the list of studies again.');
const existing = (name: string) =>
  new UserError('study-exists', `There is a study "${name}" already.`, 'Choose another name.');
