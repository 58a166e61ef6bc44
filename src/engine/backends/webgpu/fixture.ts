/** For tests: the software adapter of Debian's Chromium, where there is one. */
import { existsSync } from 'node:fs';
import { chosenAdapter } from './adapters.ts';

const chromium = '/usr/lib/chromium';

/** Why no adapter can be opened here; null where one can. vitest.config.ts sets where the loader is. */
export async function lacksAdapter(): Promise<string | null> {
  const icd = `${chromium}/vk_swiftshader_icd.json`;
  if (!process.env.VK_ICD_FILENAMES && !process.env.VK_DRIVER_FILES && existsSync(icd))
    process.env.VK_ICD_FILENAMES = icd;
  try {
    await chosenAdapter(true);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
