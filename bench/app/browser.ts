/**
 * Chromium over its DevTools protocol, with no domain switched on that watches the network: Playwright's copies every
 * message of a WebSocket to itself, and would be what is measured.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

type Answer = Record<string, unknown>;

export class Chromium {
  readonly #child: ChildProcess;
  readonly #socket: WebSocket;
  readonly #folder: string;
  readonly #pending = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  #next = 1;

  private constructor(child: ChildProcess, socket: WebSocket, folder: string) {
    this.#child = child;
    this.#socket = socket;
    this.#folder = folder;
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as { id?: number; result?: Answer; error?: { message: string } };
      const pending = this.#pending.get(message.id ?? -1);
      if (!pending) return;
      this.#pending.delete(message.id ?? -1);
      if (message.error) pending.reject(new Error(message.error.message));
      else pending.resolve(message.result ?? {});
    });
  }

  static async start(program: string): Promise<Chromium> {
    const folder = await mkdtemp(path.join(tmpdir(), 'meander-chromium-'));
    const flags = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--no-first-run',
    ];
    const args = [...flags, `--user-data-dir=${folder}`, '--remote-debugging-port=0', '--window-size=1280,800'];
    const child = spawn(program, [...args, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const address = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
        const found = /^DevTools listening on (\S+)/.exec(line);
        if (found) resolve(found[1]);
      });
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`${program} did not start`)));
    });
    const socket = new WebSocket(address, { perMessageDeflate: false });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return new Chromium(child, socket, folder);
  }

  send(method: string, params: object = {}, sessionId?: string): Promise<Answer> {
    const id = this.#next++;
    this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) }));
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  /** A page in a profile of its own: nothing is cached from others. */
  async open(url: string): Promise<Tab> {
    const { browserContextId } = await this.send('Target.createBrowserContext');
    const blank = { url: 'about:blank', browserContextId, width: 1280, height: 800 };
    const { targetId } = await this.send('Target.createTarget', blank);
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    // Answered once the document is there; what it holds comes later.
    await this.send('Page.navigate', { url }, sessionId as string);
    return new Tab(this, browserContextId as string, sessionId as string);
  }

  /** Process ids of all renderers. */
  async renderers(): Promise<number[]> {
    const { processInfo } = (await this.send('SystemInfo.getProcessInfo')) as {
      processInfo: { type: string; id: number }[];
    };
    return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  }

  async version(): Promise<string> {
    return String((await this.send('Browser.getVersion')).product);
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    await this.send('Browser.close').catch(() => this.#child.kill());
    await ended;
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

export class Tab {
  readonly #browser: Chromium;
  readonly #context: string;
  readonly #session: string;

  constructor(browser: Chromium, context: string, session: string) {
    this.#browser = browser;
    this.#context = context;
    this.#session = session;
  }

  /** Runs a function in the page and waits for what it promises. It sees nothing but its arguments. */
  async run<A extends unknown[], R>(made: (...args: A) => R | Promise<R>, ...args: A): Promise<R> {
    const expression = `(${made.toString()})(${args.map((arg) => JSON.stringify(arg)).join(',')})`;
    const params = { expression, awaitPromise: true, returnByValue: true };
    const answer = await this.#browser.send('Runtime.evaluate', params, this.#session);
    const { result, exceptionDetails } = answer as {
      result: { value: R };
      exceptionDetails?: { text: string; exception?: { description?: string } };
    };
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Bytes of JavaScript objects. */
  async heap(): Promise<number> {
    return Number((await this.#browser.send('Runtime.getHeapUsage', {}, this.#session)).usedSize);
  }

  async close(): Promise<void> {
    await this.#browser.send('Target.disposeBrowserContext', { browserContextId: this.#context });
  }
}
