/** Answers of the headless host over HTTP: the window's files, and the upload of dropped ones. */
import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { Application } from '../app/application.ts';
import type { Staging } from '../app/staging.ts';
import { securityHeaders, windowFile } from '../app/window-files.ts';
import { toApiError, UserError } from '../shared/errors.ts';
import { type Access, cookieHeader, isToken, ownHosts, queryToken, refuse } from './access.ts';

export interface HttpOptions {
  readonly access: Access;
  /** Folder of the built window. */
  readonly renderer: string;
  readonly staging: Pick<Staging, 'receive'>;
  readonly open: Application['open'];
  readonly onDefect: (error: unknown) => void;
}

export async function answer(options: HttpOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { access } = options;
  for (const [name, value] of Object.entries(securityHeaders(ownHosts(access).map((host) => `ws://${host}`))))
    response.setHeader(name, value);
  const refused = refuse(access, request);
  if (refused !== null) return plain(response, refused, refused === 401 ? unauthorized : forbidden);
  // Not URL's own path: that would hide attempts to climb.
  const path = (request.url ?? '/').split(/[?#]/)[0]!;
  if (request.method === 'PUT' && path.startsWith('/upload/')) return upload(options, path, request, response);
  if (request.method === 'POST' && path === '/open') return open(options, request, response);
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(response, 405, 'Only GET here.');
  if (path === '/' && isToken(access, queryToken(request))) {
    // Out of the address bar and the history; the cookie carries it on.
    response.setHeader('Set-Cookie', cookieHeader(access));
    response.setHeader('Location', '/');
    return plain(response, 302, '');
  }
  await file(options.renderer, path, request, response);
}

const unauthorized = 'Open the address, with its token, that Meander printed when it started.';
const forbidden = 'Meander answers its own page only, at the address that it printed when it started.';

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(text);
}

async function file(folder: string, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const found = await windowFile(folder, path);
  if (found === null) return plain(response, 404, 'There is nothing here.');
  response.writeHead(200, { ...found.headers, 'Content-Length': found.bytes });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  await pipeline(createReadStream(found.path), response);
}

/** PUT /upload/<session>/<relative path>: answers with the path that a preparation takes as source. */
async function upload(
  options: HttpOptions,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const [session, ...rest] = decode(path.slice('/upload/'.length)).split('/');
    const announced = Number(request.headers['content-length']);
    const size = Number.isFinite(announced) ? announced : null;
    const staged = await options.staging.receive(session ?? '', rest.join('/'), size, request);
    json(response, 200, { path: staged });
  } catch (error) {
    if (!(error instanceof UserError)) options.onDefect(error);
    const described = toApiError(error);
    const status = described.code === 'disk-full' ? 507 : error instanceof UserError ? 400 : 500;
    // What is still under way of the file is not read.
    response.setHeader('Connection', 'close');
    json(response, status, described);
  }
}

/** Arguments and a folder; a thousand paths fit. */
const openLimit = 8 * 1024 * 1024;
const handed = z.object({ args: z.array(z.string()), from: z.string() });

/** POST /open: what the next window that connects shows. A start that comes later hands its arguments over so. */
async function open(options: HttpOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const size = Number(request.headers['content-length']);
  if (!(size <= openLimit)) {
    response.setHeader('Connection', 'close');
    return plain(response, 413, 'That is too much.');
  }
  const parsed = handed.safeParse(parseJson(await text(request)));
  if (!parsed.success) return plain(response, 400, 'These are no arguments.');
  await options.open(parsed.data.args, parsed.data.from, false);
  response.writeHead(204).end();
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return null;
  }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new UserError('bad-name', `"${path}" is not a readable path.`, 'Rename the file.');
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}
