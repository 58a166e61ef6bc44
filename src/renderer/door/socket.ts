/** The door of a browser window: calls and events over one WebSocket to the headless host that served the page. */
import { type ApiError, type AppEvent, apiError, type Door, event, type Input, type Method } from '../../shared/api.ts';
import { decodeFrame } from '../../shared/frames.ts';
import { DoorError } from './errors.ts';
import { uploadFiles } from './upload.ts';

export type Connection = 'connecting' | 'open' | 'lost';

export interface SocketDoor extends Door {
  connection(): Connection;
  onConnection(listener: () => void): () => void;
  retry(): void;
}

interface Pending {
  resolve(output: unknown): void;
  reject(error: Error): void;
}

const lost: ApiError = {
  code: 'connection-lost',
  message: 'The connection to Meander was lost before it answered.',
  next: 'Training goes on without the window. Try again once it is connected.',
};

/** Seconds before the next try: 0.5, 1, 2, 4, then every 5. */
export const retryDelay = (failures: number): number => Math.min(5, 0.5 * 2 ** failures);

/** Opens the door and keeps it open. `makeSocket` exists for tests. */
export function openSocketDoor(address: string, makeSocket = (url: string) => new WebSocket(url)): SocketDoor {
  const listeners = new Set<(event: AppEvent) => void>();
  const watchers = new Set<() => void>();
  const pending = new Map<number, Pending>();
  const waiting: string[] = [];
  let socket: WebSocket | null = null;
  let state: Connection = 'connecting';
  let nextId = 1;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const become = (next: Connection): void => {
    if (next === state) return;
    state = next;
    for (const watcher of watchers) watcher();
  };

  const receive = (data: string | ArrayBuffer): void => {
    const message = (typeof data === 'string' ? JSON.parse(data) : decodeFrame(data)) as {
      id?: number;
      ok?: boolean;
      output?: unknown;
      error?: unknown;
      event?: unknown;
    };
    if (message.event !== undefined) {
      const parsed = event.safeParse(message.event);
      if (parsed.success) for (const listener of listeners) listener(parsed.data);
      return;
    }
    const call = pending.get(message.id ?? -1);
    if (!call) return;
    pending.delete(message.id as number);
    if (message.ok) call.resolve(message.output);
    else call.reject(new DoorError(apiError.parse(message.error)));
  };

  const connect = (): void => {
    clearTimeout(timer);
    const opened = makeSocket(address);
    socket = opened;
    opened.binaryType = 'arraybuffer';
    opened.onopen = () => {
      failures = 0;
      for (const text of waiting.splice(0)) opened.send(text);
      become('open');
    };
    opened.onmessage = (message) => receive(message.data as string | ArrayBuffer);
    opened.onclose = () => {
      if (socket !== opened) return;
      socket = null;
      for (const call of pending.values()) call.reject(new DoorError(lost));
      pending.clear();
      waiting.length = 0;
      become('lost');
      timer = setTimeout(connect, retryDelay(failures++) * 1000);
    };
  };
  connect();

  return {
    call<M extends Method>(method: M, input: Input<M>) {
      const id = nextId++;
      const text = JSON.stringify({ id, method, ...(input === undefined ? {} : { input }) });
      return new Promise((resolve, reject) => {
        if (state === 'lost') {
          reject(new DoorError(lost));
          return;
        }
        pending.set(id, { resolve: resolve as (output: unknown) => void, reject });
        if (socket && socket.readyState === 1) socket.send(text);
        else waiting.push(text);
      });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    pathOf: () => null,
    upload: uploadFiles,
    connection: () => state,
    onConnection(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    retry() {
      if (state !== 'lost' || socket) return;
      failures = 0;
      connect();
    },
  };
}
