/** The WebSocket door: one JSON message a call, one message an answer, binary where it holds columns; events go to every window. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Application } from '../app/application.ts';
import { encodeFrame } from '../shared/frames.ts';

/** Configurations and lists of paths are far smaller. */
export const messageLimit = 4 * 1024 * 1024;
/** A window that reads too slowly is cut off; it connects again and asks anew. */
const backlogLimit = 256 * 1024 * 1024;
const badMessage = 1008;

const request = z.object({ id: z.number(), method: z.string(), input: z.unknown().optional() });

export interface SocketDoor {
  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** How many windows are connected. */
  windows(): number;
  /** Tells when a window came or went. */
  onWindows(listener: () => void): void;
  close(): void;
}

export function socketDoor(application: Pick<Application, 'dispatch' | 'subscribe'>): SocketDoor {
  const server = new WebSocketServer({ noServer: true, maxPayload: messageLimit, perMessageDeflate: false });
  const send = (client: WebSocket, message: string | Uint8Array): void => {
    if (client.readyState !== client.OPEN) return;
    if (client.bufferedAmount > backlogLimit) client.terminate();
    else client.send(message);
  };
  const unsubscribe = application.subscribe((event) => {
    if (server.clients.size === 0) return;
    const text = JSON.stringify({ event });
    for (const client of server.clients) send(client, text);
  });
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  server.on('connection', (client) => {
    changed();
    client.on('close', changed);
    // Broken frames and oversized messages: ws closes the connection with the code that says so.
    client.on('error', () => {});
    client.on('message', async (data, isBinary) => {
      const call = isBinary ? null : parse(data.toString());
      if (call === null) return client.close(badMessage, 'not a call');
      const answer = await application.dispatch(call.method, call.input);
      const message = { id: call.id, ...answer };
      send(client, encodeFrame(message) ?? JSON.stringify(message));
    });
  });
  return {
    upgrade(message, socket, head) {
      server.handleUpgrade(message, socket, head, (client) => server.emit('connection', client, message));
    },
    windows: () => server.clients.size,
    onWindows: (listener) => void listeners.add(listener),
    close() {
      unsubscribe();
      listeners.clear();
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

function parse(text: string): z.infer<typeof request> | null {
  try {
    return request.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
