/** Browsers of the Chromium family on this machine. */
import { existsSync } from 'node:fs';
import path from 'node:path';

const names = {
  linux: ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'microsoft-edge', 'brave-browser'],
};
const fixedPlaces = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: ['ProgramFiles', 'ProgramFiles(x86)', 'LOCALAPPDATA']
    .map((name) => process.env[name])
    .filter(Boolean)
    .flatMap((base) => [
      path.join(base, 'Google/Chrome/Application/chrome.exe'),
      path.join(base, 'Microsoft/Edge/Application/msedge.exe'),
    ]),
};

/** Path of a Chromium-family browser on this machine, or null. MEANDER_BROWSER names one outright. */
export function findBrowser() {
  if (process.env.MEANDER_BROWSER) return process.env.MEANDER_BROWSER;
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const named = (names[process.platform] ?? []).flatMap((name) => folders.map((folder) => path.join(folder, name)));
  return [...named, ...(fixedPlaces[process.platform] ?? [])].find((file) => existsSync(file)) ?? null;
}
