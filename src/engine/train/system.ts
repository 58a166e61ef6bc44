/** What the machine has to carry while a run trains: looked at seldom, and only where looking costs next to nothing. */
import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import type { SystemLine } from '../../shared/metrics.ts';
import { availableBytes } from '../files.ts';

/** Milliseconds from the start to the first look, and between looks. */
const firstAfter = 1000;
const interval = 5000;

export type SystemValues = Omit<SystemLine, 'type' | 'step' | 'seconds'>;

interface Counters {
  readonly at: number;
  /** Milliseconds that the processors were busy and idle since the system started; null where it does not say. */
  readonly all: { readonly busy: number; readonly idle: number } | null;
  /** Microseconds that this process computed. */
  readonly own: number;
}

export class SystemWatch {
  readonly #folder: string;
  #due = performance.now() + firstAfter;
  #before = counters();
  #sensor: Promise<string | null> | null = null;

  /** `folder`: on the disk whose free space counts. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  get due(): boolean {
    return performance.now() >= this.#due;
  }

  /** Loads are means since the look before. */
  async look(): Promise<SystemValues> {
    this.#due = performance.now() + interval;
    const before = this.#before;
    const now = counters();
    this.#before = now;
    this.#sensor ??= findSensor();
    const [freeDisk, temperature] = await Promise.all([
      availableBytes(this.#folder).catch(() => null),
      this.#sensor.then(readSensor),
    ]);
    const elapsed = (now.at - before.at) * 1000 * availableParallelism();
    return {
      load: before.all && now.all ? busyShare(before.all, now.all) : null,
      workerLoad: elapsed > 0 ? Math.min(1, (now.own - before.own) / elapsed) : null,
      memory: process.memoryUsage.rss(),
      freeDisk: freeDisk !== null && Number.isFinite(freeDisk) ? freeDisk : null,
      temperature,
    };
  }
}

function counters(): Counters {
  const { user, system } = process.cpuUsage();
  let busy = 0;
  let idle = 0;
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq;
    idle += times.idle;
  }
  return { at: performance.now(), all: busy + idle > 0 ? { busy, idle } : null, own: user + system };
}

function busyShare(before: { busy: number; idle: number }, now: { busy: number; idle: number }): number | null {
  const busy = now.busy - before.busy;
  const all = busy + now.idle - before.idle;
  return all > 0 ? Math.min(1, Math.max(0, busy / all)) : null;
}

/** Linux's names for the sensor inside of the processor: Intel's, AMD's, and those of ARM boards. */
const sensors = new Set(['coretemp', 'k10temp', 'zenpower', 'cpu_thermal', 'x86_pkg_temp']);

/** File that holds the processor's temperature in thousandths of a degree; null where the system has none to read. */
export async function findSensor(root = '/sys/class'): Promise<string | null> {
  for (const [folder, name, value] of [
    ['hwmon', 'name', 'temp1_input'],
    ['thermal', 'type', 'temp'],
  ] as const)
    for (const entry of await readdir(`${root}/${folder}`).catch(() => [] as string[])) {
      const path = `${root}/${folder}/${entry}`;
      const kind = await readFile(`${path}/${name}`, 'utf8').catch(() => '');
      if (sensors.has(kind.trim()) && (await readSensor(`${path}/${value}`)) !== null) return `${path}/${value}`;
    }
  return null;
}

/** Degrees Celsius; null where nothing sensible is read. */
export async function readSensor(path: string | null): Promise<number | null> {
  if (path === null) return null;
  const text = await readFile(path, 'utf8').catch(() => '');
  const degrees = /^\d{1,7}\s*$/.test(text) ? Number(text) / 1000 : Number.NaN;
  return degrees > 0 && degrees < 150 ? degrees : null;
}
