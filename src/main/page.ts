/** The window's page comes over a scheme of our own, with the same files and rules as the headless host's. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { securityHeaders, windowFile } from '../app/window-files.ts';
import type { ElectronApi } from './electron-api.ts';

const scheme = 'app';
export const pageUrl = `${scheme}://meander/`;

/** Before the app is ready. */
export function registerPageScheme({ protocol }: Pick<ElectronApi, 'protocol'>): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true };
  protocol.registerSchemesAsPrivileged([{ scheme, privileges }]);
}

/** After it is ready. `renderer`: folder of the built window. */
export function setupPage({ protocol }: Pick<ElectronApi, 'protocol'>, renderer: string): void {
  protocol.handle(scheme, async ({ url, method }) => {
    const found =
      url.startsWith(pageUrl) && method === 'GET' ? await windowFile(renderer, new URL(url).pathname) : null;
    if (found === null) return new Response(null, { status: 404 });
    const body = Readable.toWeb(createReadStream(found.path)) as ReadableStream<Uint8Array>;
    return new Response(body, { headers: { ...securityHeaders(), ...found.headers } });
  });
}

/** Whether a frame's address is the page, and not something that came to lie in its place. */
export function isPage(url: string | undefined): boolean {
  return url?.startsWith(pageUrl) ?? false;
}
