/** Which keys each command has: its own, unless the user chose others. */
import { routes } from '../../../lib/routes.ts';
import { clash } from './keys.ts';

/** Commands that are always there. Pages follow in `pageKeys`. */
export const commandKeys = {
  palette: 'mod+k',
  help: '?',
  search: '/',
  'pause-or-continue': 'shift+p',
  'stop-run': '',
  'sample-run': '',
  'theme-light': '',
  'theme-dark': '',
  'theme-auto': '',
  'reveal-home': '',
  tour: '',
} as const;
export type FixedCommand = keyof typeof commandKeys;

/** Own keys of pages, by address; a page that is not named has none until it is given some. */
const pageKeys: Readonly<Record<string, string>> = {
  [routes.runs]: 'g r',
  [routes.newRun]: 'g n',
  [routes.datasets]: 'g d',
  [routes.settings]: 'g s',
  [routes.doctor]: 'g h',
  '/averages': 'g a',
  '/sample': 'g t',
  '/models': 'g m',
};

export const pageCommand = (href: string): string => `go ${href}`;

export interface Bindable {
  readonly id: string;
  readonly label: string;
  /** Its own keys; '' for none. */
  readonly own: string;
}

export const pageBinding = (href: string, label: string): Bindable => ({
  id: pageCommand(href),
  label,
  own: pageKeys[href] ?? '',
});

/** The keys that hold now; '' for none. */
export const keysOf = ({ id, own }: Bindable, chosen: Readonly<Record<string, string>>): string => chosen[id] ?? own;

/** Commands whose keys would clash with these. */
export function conflicts(
  keys: string,
  of: Bindable,
  all: readonly Bindable[],
  chosen: Readonly<Record<string, string>>,
): Bindable[] {
  return all.filter((other) => other.id !== of.id && clash(keys, keysOf(other, chosen)));
}

/** The choices after a command was given keys and those that clash lost theirs; own keys are not kept as choices. */
export function rebound(
  keys: string,
  of: Bindable,
  all: readonly Bindable[],
  chosen: Readonly<Record<string, string>>,
): Record<string, string> {
  const next: Record<string, string> = { ...chosen, [of.id]: keys };
  for (const other of conflicts(keys, of, all, chosen)) next[other.id] = '';
  for (const { id, own } of all) if (next[id] === own) delete next[id];
  return next;
}
