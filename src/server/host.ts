/** The headless host: the application behind a loopback port, for browsers and for machines without a display. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Application } from '../app/application.ts';
import { UserError } from '../shared/errors.ts';
import { type Access, refuse } from './access.ts';
import { answer } from './http.ts';
import { socketDoor } from './socket.ts';

export interface HostOptions {
  readonly application: Pick<Application, 'dispatch' | 'subscribe' | 'staging' | 'open'>;
  /** Folder of the built window. */
  readonly renderer: string;
  /** 0: any free one. */
  readonly port: number;
  readonly onDefect: (error: unknown) => void;
}

export interface RunningHost {
  /** Address with the token: what a browser opens first. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  /** How many windows are connected. */
  windows(): number;
  /** Tells when a window came or went. */
  onWindows(listener: () => void): void;
  /** Ends every connection. The application stays as it is. */
  close(): Promise<void>;
}

/** @throws UserError 'port-taken' */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const { application, renderer, onDefect } = options;
  const token = randomBytes(32).toString('base64url');
  const server = createServer();
  const port = await listen(server, options.port);
  const access: Access = { token, port };
  const { staging, open } = application;
  const http = { access, renderer, staging, open, onDefect };
  const door = socketDoor(application);
  server.on('request', (request, response) => {
    answer(http, request, response).catch((error: NodeJS.ErrnoException) => {
      response.destroy();
      // A browser that went away in the middle of an answer is no defect.
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') onDefect(error);
    });
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    const path = (request.url ?? '').split('?')[0];
    const status = path === '/door' ? refuse(access, request) : 404;
    if (status === null) door.upgrade(request, socket, head);
    else socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  return {
    url: `http://127.0.0.1:${port}/?token=${token}`,
    port,
    token,
    windows: () => door.windows(),
    onWindows: (listener) => door.onWindows(listener),
    async close() {
      door.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE' || error.code === 'EACCES';
      reject(
        taken
          ? new UserError(
              'port-taken',
              `Port ${port} cannot be used: ${error.code}.`,
              'Choose another port, or 0 for any.',
            )
          : error,
      );
    });
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
