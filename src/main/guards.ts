/** What no page in this app may do: go elsewhere, open windows, embed others, ask for devices, reach the network. */
import type { Session, WebContents } from 'electron';
import type { ElectronApi } from './electron-api.ts';
import { isPage } from './page.ts';

/** Copying text is all that the page may ask for. */
const granted = new Set(['clipboard-sanitized-write']);
/** Every scheme that leaves the page's own files. */
const outside = ['http', 'https', 'ws', 'wss', 'ftp', 'file'].map((scheme) => `${scheme}://*/*`);

export function setupGuards({ app, session }: Pick<ElectronApi, 'app' | 'session'>): void {
  denyPermissions(session.defaultSession);
  // The page's policy forbids it already; this also holds for what Chromium itself would ask for.
  session.defaultSession.webRequest.onBeforeRequest({ urls: outside }, (_details, callback) =>
    callback({ cancel: true }),
  );
  app.on('web-contents-created', (_event, contents) => confine(contents));
}

function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((contents, permission, callback) =>
    callback(granted.has(permission) && isPage(contents.getURL())),
  );
  session.setPermissionCheckHandler((contents, permission) => granted.has(permission) && isPage(contents?.getURL()));
  session.setDevicePermissionHandler(() => false);
}

function confine(contents: WebContents): void {
  contents.on('will-frame-navigate', (event) => {
    if (!event.isMainFrame || !isPage(event.url)) event.preventDefault();
  });
  contents.on('will-redirect', (event) => event.preventDefault());
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}
