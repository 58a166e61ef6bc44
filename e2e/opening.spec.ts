/** What a desktop hands to a start of the app leads to its page: in a browser as in Electron, since the host decides. */
import { corpus } from './corpus.ts';
import { expect, type Host, test } from './host.ts';
import { writeRun } from './written-runs.ts';

/** As a later start hands its arguments over. */
async function handOver({ url, home }: Host, ...args: string[]): Promise<void> {
  const { origin, searchParams } = new URL(url);
  const answer = await fetch(`${origin}/open`, {
    method: 'POST',
    headers: { authorization: `Bearer ${searchParams.get('token')}` },
    body: JSON.stringify({ args, from: home }),
  });
  expect(answer.status).toBe(204);
}

test('folders, runs and links from outside are shown by the next window, once', async ({ page, host, context }) => {
  await writeRun(host.home, 'a first run', { final: 2 });
  const texts = await corpus(host.home);
  await page.goto(host.url);
  await expect(page.getByRole('heading', { name: 'Runs' })).toBeVisible();

  await handOver(host, texts);
  const second = await context.newPage();
  await second.goto(host.url);
  await expect(second.getByRole('heading', { name: 'What was found' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Runs' })).toBeVisible();
  await second.getByRole('button', { name: 'Discard' }).click();
  await second.reload();
  await expect(second.getByRole('heading', { name: 'Datasets' })).toBeVisible();
  await expect(second.getByRole('heading', { name: 'What was found' })).toBeHidden();

  await handOver(host, 'meander://run/a%20first%20run');
  await second.goto(host.url);
  await expect(second.getByRole('heading', { name: 'a first run' })).toBeVisible();

  await handOver(host, 'meander://run/..%2f..', 'not there');
  await second.reload();
  await expect(second.getByText('"meander://run/..%2f.." is no link to a run.')).toBeVisible();
  await expect(second.getByText(/not there cannot be opened: ENOENT/)).toBeVisible();
});
