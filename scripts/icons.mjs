/** Draws every icon file from resources/icon.svg and resources/tray.svg; run it after changing either. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from '@playwright/test';
import { ensureBrowser } from './lib/ensure.mjs';
import { icns, ico } from './lib/icon-files.mjs';
import { root } from './lib/node24.mjs';

const folder = path.join(root, 'resources');
const write = (name, content) => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), content);
  console.log(`${name}: ${content.length} bytes`);
};
const browser = await chromium.launch({ executablePath: ensureBrowser(), args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage();

async function draw(name, size) {
  const svg = readFileSync(path.join(folder, name), 'utf8').replace(
    /width="512" height="512"/,
    'width="100%" height="100%"',
  );
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(`<style>body{margin:0}svg{display:block}</style>${svg}`);
  return { size, png: await page.screenshot({ omitBackground: true }) };
}

const pictures = [];
for (const size of [16, 24, 32, 48, 64, 128, 256, 512, 1024]) pictures.push(await draw('icon.svg', size));
const png = (size) => pictures.find((picture) => picture.size === size).png;
write('icon.png', png(512));
write('icon.ico', ico(pictures.filter(({ size }) => size <= 256)));
write('icon.icns', icns(pictures));
for (const size of [16, 32, 48, 64, 128, 256, 512]) write(`icons/${size}x${size}.png`, png(size));
write('tray.png', png(24));
write('tray@2x.png', png(48));
// macOS colours it itself.
write('trayTemplate.png', (await draw('tray.svg', 16)).png);
write('trayTemplate@2x.png', (await draw('tray.svg', 32)).png);
await browser.close();
