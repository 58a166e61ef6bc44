/** The choice of tokenizer on Datasets, each with its text beside its tokens; then a run of two of the datasets. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './host.ts';
import { drop, open } from './pages.ts';

const button = (name: string) => ({ name, exact: true }) as const;
const patience = { timeout: 30_000 };

/** Documents of some words each, other ones for another first word. */
async function texts(folder: string, first: string): Promise<string> {
  await mkdir(folder);
  const words = [first, 'river', 'bends', 'über', 'slow', 'stones', '🙂', 'and', 'sings', 'away'];
  for (let i = 0; i < 40; i++) {
    const lines = Array.from({ length: 30 }, (_, line) =>
      words.map((_, at) => words[(at * (line + i + 1)) % 10]).join(' '),
    );
    await writeFile(path.join(folder, `${i}.txt`), `${first} ${i}\n${lines.join('\n')}\n`);
  }
  return folder;
}

/** Fills in the form, prepares, and returns the card. */
async function prepare(
  page: Page,
  folder: string,
  name: string,
  kind: string,
  more = async () => {},
): Promise<Locator> {
  await drop(page, page.getByTestId('drop-area'), [folder]);
  await page.getByRole('textbox', button('Name')).fill(name);
  await page.getByRole('radiogroup', { name: 'Tokenizer' }).getByText(kind, { exact: true }).click();
  await more();
  await page.getByRole('button', button('Prepare dataset')).click();
  return page.getByRole('article', button(name));
}

async function inside(card: Locator): Promise<{ text: string; ids: number[] }> {
  await expect(card.getByText('Ready')).toBeVisible(patience);
  await card.getByRole('button', button('Look inside')).click();
  const region = (what: string) => card.getByRole('region', { name: `How the training text begins: ${what}` });
  const text = (await region('Text').textContent(patience)) ?? '';
  const ids = ((await region('Token ids').textContent()) ?? '').split(' ').map(Number);
  await card.getByRole('button', button('Close')).click();
  return { text, ids };
}

test('a tokenizer is chosen, trained, dropped or refused by name; datasets of one are mixed', async ({
  page,
  host,
}) => {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  const first = await texts(path.join(host.home, 'first'), 'one');
  const second = await texts(path.join(host.home, 'second'), 'two');
  await page.goto(host.url);
  await open(page, 'Datasets');

  const gpt2 = await inside(await prepare(page, first, 'by gpt2', 'GPT-2'));
  expect(gpt2.text).toMatch(/^one \d+↵/);
  expect(gpt2.ids[0]).toBe(505);
  const characters = await inside(await prepare(page, first, 'by characters', 'Characters'));
  expect(characters.text).toContain('über');
  expect(Math.max(...characters.ids)).toBeLessThan(40);
  const bytes = await inside(await prepare(page, first, 'by bytes', 'Bytes'));
  expect(bytes.ids.slice(0, 4)).toEqual([...Buffer.from('one ')]);

  const size = page.getByLabel('Vocabulary size');
  const card = await prepare(page, first, 'trained', 'Trained', async () => {
    await size.fill('200');
    await expect(page.getByText('A whole number from 300 to 262,144')).toBeVisible();
    await expect(page.getByRole('button', button('Prepare dataset'))).toBeDisabled();
    await size.fill('320');
  });
  const trained = await inside(card);
  expect(Math.max(...trained.ids)).toBeGreaterThan(256);
  await expect(card).toContainText('BPE of its own');

  // The tokenizer of one dataset for another, dropped from the system; one of another kind is refused by name.
  const made = path.join(host.home, 'datasets/trained/tokenizer.json');
  const foreign = path.join(host.home, 'tokenizer-wordpiece.json');
  await writeFile(foreign, JSON.stringify({ model: { type: 'WordPiece', vocab: { a: 0 } } }));
  const field = page.getByLabel('Tokenizer file', { exact: true });
  const refused = await prepare(page, second, 'by file', 'A file', async () => {
    await page.getByLabel('File of the tokenizer').setInputFiles(foreign);
    await expect(field).toHaveValue(/staging.*tokenizer-wordpiece\.json$/);
  });
  await expect(refused.getByRole('alert')).toContainText('its model is WordPiece, not byte-pair encoding', patience);
  await refused.getByRole('button', button('Change and try again')).click();
  await expect(field).toHaveValue(/tokenizer-wordpiece\.json$/);
  await drop(page, page.getByTestId('drop-area'), [made]);
  await expect(field).toHaveValue(/tokenizer\.json$/);
  await page.getByRole('button', button('Prepare dataset')).click();
  const byFile = await inside(page.getByRole('article', button('by file')));
  expect(byFile.text).toMatch(/^two \d+↵/);
  const copied = await readFile(path.join(host.home, 'datasets/by file/tokenizer.json'), 'utf8');
  expect(copied).toBe(await readFile(made, 'utf8'));

  await open(page, 'New run');
  await page.getByRole('button', button('Choose a dataset')).click();
  await page.getByRole('option', button('trained')).click();
  await page.getByRole('button', button('Mix in a dataset')).click();
  const refusal = page.getByRole('menuitem', { name: 'by bytes' });
  await expect(refusal).toBeDisabled();
  await expect(refusal).toContainText(/"trained" has a BPE of its own with \d+ ids and "by bytes" bytes with 256 ids/);
  await page.getByRole('menuitem', button('by file')).click();
  const mix = page.getByRole('table', { name: 'Mix' });
  await page.getByLabel('Weight of trained').fill('3');
  await expect(mix.getByRole('row', { name: /^trained/ })).toContainText('75%');
  await expect(mix.getByRole('row', { name: /^by file/ })).toContainText('25%');
  for (const [name, value] of [
    ['Steps', '20'],
    ['Layers', '1'],
    ['Block size', '16'],
  ])
    await page.getByRole('textbox', { name, exact: true }).fill(value);
  const batch = page.getByRole('region', button('First batch'));
  await expect(batch.getByText(/^Row \d · trained$/).first()).toBeVisible(patience);
  await expect(batch.getByText(/^Row \d · by file$/).first()).toBeVisible();
  await page.getByRole('button', button('Start training')).click();
  const losses = page.getByRole('region', button('Losses by dataset'));
  await expect(losses.getByRole('row', { name: /^trained 75% 0\.\d\d \d\.\d{4}/ })).toBeVisible(patience);
  await expect(losses.getByRole('row', { name: /^by file 25% 0\.\d\d \d\.\d{4}/ })).toBeVisible();
  await expect(losses.getByRole('row', { name: /^By share \d\.\d{4}/ })).toBeVisible();
  expect(problems).toEqual([]);
});
