/** The built window as both doors serve it: which file a path means, and the rules that its page runs under. */
import { stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { relativeSegments } from './names.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.txt': 'text/plain; charset=utf-8',
};

/**
 * The page's rules. Styles may be inline, since the component library writes its variables into a style element;
 * scripts may not, and nothing comes from anywhere else.
 * @param connect what the page may talk to beside its own origin
 */
export function contentSecurityPolicy(connect: readonly string[] = []): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    ["connect-src 'self'", ...connect].join(' '),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join('; ');
}

/** Headers of every answer. */
export function securityHeaders(connect: readonly string[] = []): Record<string, string> {
  return {
    'Content-Security-Policy': contentSecurityPolicy(connect),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=()',
  };
}

export interface WindowFile {
  readonly path: string;
  readonly bytes: number;
  readonly headers: Record<string, string>;
}

/**
 * The file behind a URL's path; a path without extension is a page of the window, so index.html. Null where there is
 * none: a path that tries to leave the folder in any spelling included.
 */
export async function windowFile(folder: string, urlPath: string): Promise<WindowFile | null> {
  let decoded: string;
  try {
    decoded = decodeURIComponent(urlPath);
  } catch {
    return null;
  }
  const isPage = decoded === '/' || extname(decoded) === '';
  const segments = decoded === '/' ? ['index.html'] : relativeSegments(decoded.slice(1));
  if (segments === null) return null;
  const path = isPage ? join(folder, 'index.html') : join(folder, ...segments);
  const type = types[extname(path)];
  const info = await stat(path).catch(() => null);
  if (type === undefined || info === null || !info.isFile()) return null;
  // Names below assets/ hold a hash of their content.
  const cache = segments[0] === 'assets' && !isPage ? 'private, max-age=31536000, immutable' : 'no-store';
  return { path, bytes: info.size, headers: { 'Content-Type': type, 'Cache-Control': cache } };
}
