import { expect, it } from 'vitest';
import { describeDrag } from './drag.ts';

const file = (type: string) => ({ kind: 'file', type });

it('says of one item whether it is known, and whether it is read in place', () => {
  const known = describeDrag([file('text/plain')], true);
  expect(known.title).toBe('Drop to look inside');
  expect(known.text).toContain('read where');
  const unknown = describeDrag([file('')], false);
  expect(unknown.text).toContain('folder');
  expect(unknown.text).toContain('copied');
});

it('counts several, and says that they become one dataset', () => {
  const { title, text } = describeDrag([file('text/plain'), file('text/csv'), file('')], true);
  expect(title).toBe('Drop to look inside 3 items');
  expect(text).toContain('one dataset');
});

it('names what will be skipped, and refuses where nothing else is there', () => {
  const mixed = describeDrag([file('text/plain'), file('image/png'), file('image/png')], true);
  expect(mixed.text).toContain('2 of them (image/png)');
  const foreign = describeDrag([file('image/png'), file('application/pdf')], true);
  expect(foreign.title).toBe('This is no text');
  expect(foreign.text).toContain('image/png, application/pdf');
});

it('does not count what is no file', () => {
  expect(describeDrag([file('text/plain'), { kind: 'string', type: 'text/uri-list' }], true).title).toBe(
    'Drop to look inside',
  );
});
