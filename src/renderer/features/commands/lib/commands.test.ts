import { describe, expect, it, test } from 'vitest';
import { type Bindable, commandKeys, conflicts, keysOf, pageBinding, rebound } from './bindings.ts';
import { clash, keyCaps, keyWords, Recognizer, refusal, strokeOf } from './keys.ts';
import { find, score, used } from './search.ts';

const press = (key: string, held: Partial<Record<'ctrl' | 'meta' | 'alt' | 'shift', boolean>> = {}) => ({
  key,
  ctrlKey: held.ctrl ?? false,
  metaKey: held.meta ?? false,
  altKey: held.alt ?? false,
  shiftKey: held.shift ?? false,
});

describe('keys', () => {
  it.each([
    [press('k', { ctrl: true }), false, 'mod+k'],
    [press('k', { meta: true }), true, 'mod+k'],
    [press('k', { ctrl: true }), true, 'ctrl+k'],
    [press('P', { shift: true }), false, 'shift+p'],
    [press('?', { shift: true }), false, '?'],
    [press('F2', { shift: true }), false, 'shift+f2'],
    [press(' '), false, 'space'],
    [press('Shift', { shift: true }), false, null],
  ])('%j is %s %s', (event, mac, stroke) => {
    expect(strokeOf(event, mac)).toBe(stroke);
  });

  it('are written as the caps of the keyboard', () => {
    expect(keyCaps('mod+k', false)).toEqual([['Ctrl', 'K']]);
    expect(keyCaps('mod+k', true)).toEqual([['⌘', 'K']]);
    expect(keyCaps('g r', false)).toEqual([['G'], ['R']]);
    expect(keyCaps('mod++', false)).toEqual([['Ctrl', '+']]);
    expect(keyCaps('+', false)).toEqual([['+']]);
    expect(keyCaps('', false)).toEqual([]);
    expect(keyWords('g shift+f2', false, 'then')).toBe('G then Shift+F2');
  });

  it('that move about or belong to every program are refused', () => {
    expect(refusal('escape')).toBe('reserved');
    expect(refusal('g enter')).toBe('reserved');
    expect(refusal('mod+c')).toBe('system');
    expect(refusal('mod+shift+c')).toBeNull();
  });

  it('clash when equal or when one begins the other', () => {
    expect(clash('g r', 'g r')).toBe(true);
    expect(clash('g', 'g r')).toBe(true);
    expect(clash('g r', 'g')).toBe(true);
    expect(clash('g r', 'g d')).toBe(false);
    expect(clash('', '')).toBe(false);
  });

  test('two strokes in time are one sequence; too late, or after another key, they are not', () => {
    const bound = new Set(['g r', 'r', 'g d']);
    const keys = new Recognizer();
    expect(keys.take('g', bound, 0)).toBeNull();
    expect(keys.take('r', bound, 500)).toBe('g r');
    expect(keys.take('r', bound, 600)).toBe('r');
    keys.take('g', bound, 1000);
    expect(keys.take('d', bound, 9000)).toBeNull();
    keys.take('g', bound, 10_000);
    keys.take('x', bound, 10_100);
    expect(keys.take('d', bound, 10_200)).toBeNull();
  });
});

describe('bindings', () => {
  const all: Bindable[] = [
    ...Object.entries(commandKeys).map(([id, own]) => ({ id, label: id, own })),
    pageBinding('/runs', 'Runs'),
    pageBinding('/new', 'New run'),
    pageBinding('/unheard-of', 'Other'),
  ];
  const runs = all.find(({ label }) => label === 'Runs') as Bindable;
  const help = all.find(({ id }) => id === 'help') as Bindable;

  it('have no clash among their own keys, and none that is refused', () => {
    for (const one of all) {
      expect(conflicts(one.own, one, all, {})).toEqual([]);
      expect(refusal(one.own)).toBeNull();
    }
  });

  it('name what a choice clashes with, and take it from there', () => {
    expect(conflicts('g', help, all, {}).map(({ label }) => label)).toEqual(['Runs', 'New run']);
    const chosen = rebound('g r', help, all, {});
    expect(chosen).toEqual({ help: 'g r', [runs.id]: '' });
    expect(keysOf(runs, chosen)).toBe('');
  });

  it('keep only what differs from their own', () => {
    expect(rebound('?', help, all, { help: 'h' })).toEqual({});
  });
});

describe('search', () => {
  const commands = [
    { id: 'a', label: 'Pause low rate' },
    { id: 'b', label: 'Runs' },
    { id: 'c', label: 'New run' },
    { id: 'd', label: 'Übung macht Freude' },
    { id: 'e', label: 'Doctor', keywords: 'device health' },
  ];
  const ids = (query: string, recent: string[] = []) => find(commands, query, recent).map(({ id }) => id);

  it('takes words, their beginnings, letters in order, other words for it, and no accents', () => {
    expect(ids('run')).toEqual(['b', 'c']);
    expect(ids('rate pause')).toEqual(['a']);
    expect(ids('plr')).toEqual(['a']);
    expect(ids('ubung')).toEqual(['d']);
    expect(ids('health')).toEqual(['e']);
    expect(ids('zzz')).toEqual([]);
    expect(score('rnu', 'run')).toBeNull();
  });

  it('shows the recently used ones first while nothing is typed', () => {
    expect(ids('', ['d', 'b'])).toEqual(['d', 'b', 'a', 'c', 'e']);
    expect(used('b', ['d', 'b'])).toEqual(['b', 'd']);
    expect(
      used(
        'new',
        Array.from({ length: 20 }, (_, i) => String(i)),
      ),
    ).toHaveLength(8);
  });
});
