/**
 * Where the parts lie that run outside this process: the Node binary, the worker, the native addon, node_modules.
 * One root holds them all, and its layout is the source tree's, so that the three cases differ in the root alone:
 * - packaged: `<resources>/runtime`, outside the asar archive;
 * - source tree, or headless from a built tree: the folder whose package.json is ours, found upwards from this module.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../shared/errors.ts';

export interface Parts {
  readonly case: 'packaged' | 'source' | 'built';
  readonly root: string;
  readonly version: string;
  /** A plain Node.js that runs TypeScript by stripping types, 22.18 or newer. */
  readonly node: string;
  /** Entry module of every worker process. */
  readonly worker: string;
  readonly nodeModules: string;
  /** Built addon, or null where there is none and the portable engine serves. */
  readonly addon: string | null;
  /** The built window. */
  readonly renderer: string;
  readonly preload: string;
}

export interface Surroundings {
  /** `process.resourcesPath` of Electron; undefined elsewhere. */
  readonly resourcesPath: string | undefined;
  /** `import.meta.url` of a module in the tree. */
  readonly moduleUrl: string;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** This process, when it is plain Node. */
  readonly execPath: string;
  readonly nodeVersion: string;
  readonly isElectron: boolean;
}

export function surroundings(moduleUrl: string): Surroundings {
  return {
    resourcesPath: (process as { resourcesPath?: string }).resourcesPath,
    moduleUrl,
    platform: process.platform,
    arch: process.arch,
    execPath: process.execPath,
    nodeVersion: process.versions.node,
    isElectron: process.versions.electron !== undefined,
  };
}

/** @throws UserError 'parts-missing' naming what is not there. */
export function locate(around: Surroundings = surroundings(import.meta.url)): Parts {
  const packaged = around.resourcesPath ? join(around.resourcesPath, 'runtime') : null;
  const isPackaged = packaged !== null && existsSync(join(packaged, 'package.json'));
  const from = dirname(fileURLToPath(around.moduleUrl));
  const root = isPackaged ? packaged : findRoot(from);
  const isSource = !isPackaged && from.startsWith(join(root, 'src'));
  const worker = isSource ? join(root, 'src/workers/main.ts') : join(root, 'out/main/worker.js');
  if (!existsSync(worker))
    throw new UserError('parts-missing', `The worker program is not at ${worker}.`, 'Build it: npm run build.');
  const addon = join(root, 'native/build/Release/meander.node');
  return {
    case: isPackaged ? 'packaged' : isSource ? 'source' : 'built',
    root,
    version: (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version,
    node: findNode(root, around),
    worker,
    nodeModules: join(root, 'node_modules'),
    addon: existsSync(addon) ? addon : null,
    renderer: join(root, 'out/renderer'),
    preload: join(root, 'out/preload/index.cjs'),
  };
}

function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === 'meander')
      return folder;
    if (dirname(folder) === folder)
      throw new UserError('parts-missing', `No Meander folder holds ${from}.`, 'Install Meander again.');
  }
}

/** The Node that npm installed for this platform; else the one that runs this, where it is plain and new enough. */
function findNode(root: string, around: Surroundings): string {
  const executable = around.platform === 'win32' ? 'node.exe' : 'node';
  const platform = around.platform === 'win32' ? 'win' : around.platform;
  const packages = [`node-${platform}-${around.arch}`, `node-bin-${platform}-${around.arch}`];
  const candidates = packages.map((name) => join(root, 'node_modules', name, 'bin', executable));
  const found = candidates.find((path) => existsSync(path));
  if (found) return found;
  const [major = 0, minor = 0] = around.nodeVersion.split('.').map(Number);
  if (!around.isElectron && (major > 22 || (major === 22 && minor >= 18))) return around.execPath;
  throw new UserError(
    'parts-missing',
    `No Node.js 24 for ${around.platform} ${around.arch} at ${candidates[0]}.`,
    'Run npm install in the Meander folder, with optional dependencies.',
  );
}
