/** Opens the application and its loopback host, and ends both in order: for `meander serve` and for the window. */
import { openApplication } from '../app/application.ts';
import { locate } from '../app/locate.ts';
import { openSettings } from '../app/settings.ts';
import { startHost } from './host.ts';
import { type Handed, handOver, removeStanding, standingPath, writeStanding } from './standing.ts';

export interface Serving {
  readonly url: string;
  /** Names of the runs that train or wait. */
  busy(): string[];
  /** Windows that are connected. */
  windows(): number;
  /** Tells of each change after which `busy` or `windows` may answer differently. */
  onChange(listener: () => void): void;
  /** Every worker saves and ends, then the connections. */
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly port: number;
  readonly onDefect: (error: unknown) => void;
  /** What the first window shows. */
  readonly handed?: Handed;
}

/** Where the host of the present data folder is written down. */
function here(): string {
  const settings = openSettings();
  return standingPath(settings.folder, settings.get().home);
}

/** Hands over to a host that serves the same data folder already. @returns its address, or null where there is none. */
export function findServing(handed: Handed): Promise<string | null> {
  return handOver(here(), handed);
}

export async function serve({ port, onDefect, handed }: ServeOptions): Promise<Serving> {
  const parts = locate();
  const capabilities = { paths: false, upload: true, dialogs: false, reveal: false };
  const application = await openApplication({ parts, settings: openSettings(), host: { capabilities }, onDefect });
  const host = await startHost({ application, renderer: parts.renderer, port, onDefect }).catch(
    async (error: unknown) => {
      await application.close();
      throw error;
    },
  );
  if (handed) await application.open(handed.args, handed.from);
  // Without the file a later start opens a host of its own, and says which runs it finds locked.
  let standing = here();
  await writeStanding(standing, host.url).catch(onDefect);
  application.subscribe((event) => {
    if (event.type !== 'changed' || event.what !== 'settings' || here() === standing) return;
    const before = standing;
    standing = here();
    Promise.all([removeStanding(before, host.url), writeStanding(standing, host.url)]).catch(onDefect);
  });
  return {
    url: host.url,
    busy: () => application.busy(),
    windows: () => host.windows(),
    onChange(listener) {
      host.onWindows(listener);
      application.subscribe((event) => {
        if (event.type === 'job' || event.type === 'changed') listener();
      });
    },
    async close() {
      await removeStanding(standing, host.url).catch(onDefect);
      // The connections last, so that open windows see their runs being saved.
      await application.close();
      await host.close();
    },
  };
}
