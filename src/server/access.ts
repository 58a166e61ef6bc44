/**
 * Who may speak to the host. Any page that the user's browser shows, and any process of any user on this machine,
 * can reach a loopback port; only requests to our own name, from our own page, with our token are answered.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface Access {
  readonly token: string;
  readonly port: number;
}

/** Cookies do not tell ports apart, so the name does. */
export function cookieName({ port }: Access): string {
  return `meander-${port}`;
}

export function cookieHeader(access: Access): string {
  return `${cookieName(access)}=${access.token}; Path=/; HttpOnly; SameSite=Strict`;
}

/** Null when the request may pass, else the status that refuses it. */
export function refuse(access: Access, request: IncomingMessage): 401 | 403 | null {
  const { host, origin } = request.headers;
  // A foreign name that resolves to this address is DNS rebinding.
  if (!ownHosts(access).includes(host ?? '')) return 403;
  if (origin !== undefined && origin !== `http://${host}`) return 403;
  if (request.headers['sec-fetch-site'] === 'cross-site' && request.headers['sec-fetch-mode'] !== 'navigate')
    return 403;
  return hasToken(access, request) ? null : 401;
}

/** The token in the address, as the first page load and clients that are no browsers bring it. */
export function queryToken(request: IncomingMessage): string | null {
  return new URL(request.url ?? '/', 'http://localhost').searchParams.get('token');
}

export function isToken(access: Access, given: string | null | undefined): boolean {
  if (!given) return false;
  const a = Buffer.from(given);
  const b = Buffer.from(access.token);
  return a.length === b.length && timingSafeEqual(a, b);
}

function hasToken(access: Access, request: IncomingMessage): boolean {
  const cookies = (request.headers.cookie ?? '').split(';').map((cookie) => cookie.trim());
  const prefix = `${cookieName(access)}=`;
  const cookie = cookies.find((c) => c.startsWith(prefix))?.slice(prefix.length);
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  return [cookie, bearer, queryToken(request)].some((given) => isToken(access, given));
}

/** What the Host header may say. */
export function ownHosts({ port }: Access): string[] {
  return [`127.0.0.1:${port}`, `localhost:${port}`];
}
