/** The one door of this window: Electron's where its preload put one, else a WebSocket to the host of this page. */
import { api, type Door, type Input, type Method, type Output } from '../../shared/api.ts';
import { type Connection, openSocketDoor, type SocketDoor } from './socket.ts';

function open(): Door | SocketDoor {
  if (window.meander) return window.meander;
  const { protocol, host } = window.location;
  return openSocketDoor(`${protocol === 'https:' ? 'wss' : 'ws'}://${host}/door`);
}

export const door: Door | SocketDoor = open();

/** Answers that the host has checked line by line and that may hold a million of them. */
const bulk: ReadonlySet<Method> = new Set<Method>(['runs.metrics', 'runs.log']);

/** Calls a method and checks its answer. @throws DoorError, or ZodError when the answer breaks the contract. */
export async function call<M extends Method>(method: M, input: Input<M>): Promise<Output<M>> {
  const output = await door.call(method, input);
  return bulk.has(method) ? output : (api[method].output.parse(output) as Output<M>);
}

/** State of the connection; Electron's door is always open. */
export const connection = {
  get: (): Connection => ('connection' in door ? door.connection() : 'open'),
  subscribe: (listener: () => void): (() => void) =>
    'onConnection' in door ? door.onConnection(listener) : () => undefined,
  retry: (): void => {
    if ('retry' in door) door.retry();
  },
};
