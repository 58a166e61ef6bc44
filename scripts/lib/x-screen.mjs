/** A screen of our own for a window to be tried on: Xvfb, and pictures of what it shows. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

/** @returns its DISPLAY, `picture()` as a PNG, and `end()`. */
export async function openScreen(width = 1440, height = 940) {
  const folder = mkdtempSync(path.join(tmpdir(), 'meander-screen-'));
  const mode = `${width}x${height}x24`;
  const args = ['-displayfd', '3', '-screen', '0', mode, '-fbdir', folder, '-nolisten', 'tcp'];
  const server = spawn('Xvfb', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const number = await new Promise((resolve, reject) => {
    server.on('error', () => reject(new Error('Xvfb is not installed (Debian: apt-get install xvfb)')));
    server.on('exit', (code) => reject(new Error(`Xvfb ended with code ${code}`)));
    server.stdio[3].once('data', (text) => resolve(String(text).trim()));
  });
  return {
    display: `:${number}`,
    picture: () => pngOf(readFileSync(path.join(folder, 'Xvfb_screen0'))),
    end() {
      server.removeAllListeners('exit');
      server.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An X window dump (XWDFile.h, version 7) of 32 bits a pixel, as Xvfb keeps it. */
function pngOf(dump) {
  const field = (index) => dump.readUInt32BE(4 * index);
  const [headerSize, version, width, height] = [field(0), field(1), field(4), field(5)];
  const [littleEndian, bitsPerPixel, bytesPerLine, colours] = [field(7) === 0, field(11), field(12), field(19)];
  if (version !== 7 || bitsPerPixel !== 32 || !littleEndian) throw new Error('this screen is of a form we do not read');
  const start = headerSize + 12 * colours;
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0, to = 0; y < height; y++) {
    // The filter of the row: none.
    rows[to++] = 0;
    for (let x = 0, from = start + y * bytesPerLine; x < width; x++, from += 4) {
      rows[to++] = dump[from + 2];
      rows[to++] = dump[from + 1];
      rows[to++] = dump[from];
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  // 8 bits a channel, red, green and blue.
  head.set([8, 2, 0, 0, 0], 8);
  const parts = [chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), ...parts]);
}

function chunk(kind, content) {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), content]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(content.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}
