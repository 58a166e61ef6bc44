import { expect, test } from 'vitest';
import { t } from './strings.ts';
import { literalTexts, reachedTexts, sourcesIn } from './testing/source-text.ts';

const sources = sourcesIn(import.meta.dirname);

/** Places of all texts in the table. */
function places(table: object, prefix = ''): string[] {
  return Object.entries(table).flatMap(([key, value]) => {
    const place = prefix === '' ? key : `${prefix}.${key}`;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? places(value, place) : [place];
  });
}

/** Words that are the same in every language: signs and units of measurement. */
const allowed = /^\S+ (px|ms|GB|MB)$/;

test('no text that a user sees stands outside of the table', () => {
  expect(sources.flatMap(literalTexts).filter((text) => !allowed.test(text))).toEqual([]);
});

test('every text of the table is used', () => {
  const reached = new Set(sources.flatMap((source) => [...reachedTexts(source)]));
  /** By itself, as part of what is used whole, or through what is called on it. */
  const isUsed = (place: string) =>
    place.split('.').some((_, i, parts) => reached.has(parts.slice(0, i + 1).join('.'))) ||
    [...reached].some((other) => other.startsWith(`${place}.`));
  expect(places(t).filter((place) => !isUsed(place))).toEqual([]);
});

test('both checks can fail', () => {
  const text = `
    const texts = t.settings;
    const { phases, title: heading } = texts.moving;
    export function Bad({ a, b }) {
      notifications.show({ message: 'It failed' });
      return (
        <Panel label="A label" data-kind="not seen" title={a ? 'One thing' : texts.title} onClick={() => go('some where')}>
          Hello {\`dear \${b}\`} {a && 'friend'} {b} {texts.themes[b]} {phases[b]} {heading} · 5
        </Panel>
      );
    }`;
  const source = { path: 'bad.tsx', text };
  const found = literalTexts(source).map((line) => line.replace(/^\S+ /, ''));
  expect(found.sort()).toEqual(['A label', 'Hello', 'It failed', 'One thing', 'dear', 'friend']);
  expect([...reachedTexts(source)].sort()).toEqual([
    'settings.moving.phases',
    'settings.moving.title',
    'settings.themes',
    'settings.title',
  ]);
});
