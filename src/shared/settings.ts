/** What the user chose for the whole application. Each value falls back by itself where a file holds a bad one. */
import { z } from 'zod';
import { deviceConfig, type RunConfig } from './config.ts';

export const settings = z.object({
  /** Holds runs/ and datasets/. */
  home: z.string(),
  theme: z.enum(['light', 'dark', 'auto']),
  /** For new runs; 'auto': the fastest engine that works here. */
  backend: deviceConfig.shape.backend.unwrap(),
  /** Threads of runs that name none; null: one per physical core. */
  threads: z.number().int().positive().max(1024).nullable(),
  /** Folder in which @tensorflow/tfjs-node-gpu or tfjs-node is installed; null: none. */
  tensorflow: z.string().max(4096).nullable(),
  /** Bytes that checkpoints and snapshots of a new run may take together; null: no budget. */
  diskBudget: z.number().int().positive().nullable(),
  /** Say when a training or preparation has finished, or has failed, and the window is not looked at. */
  notifyFinished: z.boolean(),
  notifyFailed: z.boolean(),
  /** Keep the machine, not the screen, awake while a job is at work. */
  keepAwake: z.boolean(),
  /** Closing the window leaves the application in the tray. */
  closeToTray: z.boolean(),
  /** Keys by command, where they are not the command's own; '' takes its key away. */
  shortcuts: z.record(z.string().max(60), z.string().max(60)),
  /** Commands that the palette shows first, newest first. */
  recent: z.array(z.string().max(300)).max(8),
  /** The user was asked where data lies. */
  firstRunDone: z.boolean(),
  /** The tour was taken or skipped. */
  tourDone: z.boolean(),
});
export type Settings = z.infer<typeof settings>;

/** What holds until something else is chosen; the data folder is the system's matter. */
export const defaultSettings: Omit<Settings, 'home'> = {
  theme: 'auto',
  backend: 'auto',
  threads: null,
  tensorflow: null,
  diskBudget: null,
  notifyFinished: true,
  notifyFailed: true,
  keepAwake: true,
  closeToTray: false,
  shortcuts: {},
  recent: [],
  firstRunDone: false,
  tourDone: false,
};

/** A new run's configuration with what the user wants of every new run. */
export function withUserDefaults(config: RunConfig, { diskBudget }: Pick<Settings, 'diskBudget'>): RunConfig {
  return diskBudget === null ? config : { ...config, checkpoints: { ...config.checkpoints, diskBudget } };
}
