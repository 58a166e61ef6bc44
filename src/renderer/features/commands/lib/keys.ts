/**
 * Keys as they are kept and compared. A stroke is its modifiers in the order mod, ctrl, alt, shift and a key:
 * 'mod+k', 'shift+p', '?'. `mod` is ⌘ on a Mac and Ctrl elsewhere. Two strokes after one another are 'g r'.
 */

export interface KeyStroke {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

const modifiers = new Set([
  'Control',
  'Meta',
  'Alt',
  'Shift',
  'AltGraph',
  'CapsLock',
  'Dead',
  'Process',
  'Unidentified',
]);
/** Keys that move about in a page or a field: they are not for commands. */
const reserved = new Set([
  'escape',
  'tab',
  'enter',
  'space',
  'backspace',
  'delete',
  'arrowup',
  'arrowdown',
  'arrowleft',
  'arrowright',
  'shift+tab',
  'shift+enter',
]);
/** What every program and every browser does with these, ours included. */
const systemKeys = new Set('acvxznqtwrf'.split('').map((key) => `mod+${key}`));

/** Milliseconds within which the second stroke follows the first. */
export const sequenceTime = 1200;

/** The stroke of a key press; null while only modifiers are down. */
export function strokeOf(event: KeyStroke, mac: boolean): string | null {
  if (modifiers.has(event.key)) return null;
  const mod = mac ? event.metaKey : event.ctrlKey;
  const ctrl = mac && event.ctrlKey;
  const key = event.key === ' ' ? 'space' : event.key.toLowerCase();
  // The sign itself says that Shift was down, on whatever keyboard.
  const shift = event.shiftKey && (key.length > 1 || /[\p{L}\d]/u.test(key));
  return [mod && 'mod', ctrl && 'ctrl', event.altKey && 'alt', shift && 'shift', key].filter(Boolean).join('+');
}

/** Whether a stroke may reach a command while a field has the focus. */
export const isForFields = (stroke: string): boolean => stroke.startsWith('mod+') || stroke.startsWith('ctrl+');

/** Why keys cannot be given to a command; null when they can. */
export function refusal(keys: string): 'reserved' | 'system' | null {
  const strokes = keys.split(' ');
  if (strokes.some((stroke) => reserved.has(stroke))) return 'reserved';
  return strokes.some((stroke) => systemKeys.has(stroke)) ? 'system' : null;
}

/** Whether one would keep the other from being reached: equal, or one the beginning of the other. */
export function clash(a: string, b: string): boolean {
  if (a === '' || b === '') return false;
  return a === b || a.startsWith(`${b} `) || b.startsWith(`${a} `);
}

const names: Readonly<Record<string, string>> = {
  space: 'Space',
  arrowup: '↑',
  arrowdown: '↓',
  arrowleft: '←',
  arrowright: '→',
  escape: 'Esc',
  enter: 'Enter',
};

/** Keys as caps show them: 'mod+k' → [['Ctrl', 'K']]. */
export function keyCaps(keys: string, mac: boolean): string[][] {
  const modifier: Readonly<Record<string, string>> = mac
    ? { mod: '⌘', ctrl: '⌃', alt: '⌥', shift: '⇧' }
    : { mod: 'Ctrl', ctrl: 'Ctrl', alt: 'Alt', shift: 'Shift' };
  return keys
    .split(' ')
    .filter(Boolean)
    .map((stroke) => {
      // The key itself may be a plus.
      const parts = stroke.endsWith('++') ? [...stroke.slice(0, -2).split('+'), '+'] : stroke.split('+');
      if (stroke === '+') return ['+'];
      const key = parts.at(-1) ?? '';
      return [
        ...parts.slice(0, -1).map((part) => modifier[part] ?? part),
        names[key] ?? (key.length === 1 ? key.toUpperCase() : key[0]?.toUpperCase() + key.slice(1)),
      ];
    });
}

/** 'g r' → 'G then R', for words and screen readers. */
export const keyWords = (keys: string, mac: boolean, then: string): string =>
  keyCaps(keys, mac)
    .map((caps) => caps.join('+'))
    .join(` ${then} `);

/** Follows strokes and says which keys they complete. */
export class Recognizer {
  #before: { stroke: string; at: number } | null = null;

  /** @param bound keys that mean something now. @param at milliseconds. @returns those that this stroke completes */
  take(stroke: string, bound: ReadonlySet<string>, at: number): string | null {
    const before = this.#before !== null && at - this.#before.at < sequenceTime ? this.#before.stroke : null;
    this.#before = null;
    if (before !== null && bound.has(`${before} ${stroke}`)) return `${before} ${stroke}`;
    if (bound.has(stroke)) return stroke;
    for (const keys of bound) if (keys.startsWith(`${stroke} `)) this.#before = { stroke, at };
    return null;
  }
}
