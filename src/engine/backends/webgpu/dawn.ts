/**
 * Dawn, from the optional package `webgpu`. What `create` returns is held here for good: the binding crashes when it
 * is collected while a device lives (docs/gpu.md).
 */
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface DawnPackage {
  create(options: string[]): GPU;
}

const instances = new Map<string, GPU>();

/** Usage bits of WebGPU, which Node has no globals for. */
export const usage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128, queries: 512 } as const;
export const mapForReading = 1;

/** Dawn with these options, such as `backend=null`; the same object every time. Throws what loading it throws. */
export function dawn(options: readonly string[] = []): GPU {
  const key = options.join(' ');
  let instance = instances.get(key);
  if (!instance) {
    // Vulkan's loader on Linux looks for a folder of the session and complains on stderr where there is none.
    if (process.platform === 'linux' && !process.env.XDG_RUNTIME_DIR) {
      process.env.XDG_RUNTIME_DIR = join(tmpdir(), `meander-runtime-${process.getuid?.() ?? 0}`);
      mkdirSync(process.env.XDG_RUNTIME_DIR, { recursive: true, mode: 0o700 });
    }
    const { create } = createRequire(import.meta.url)('webgpu') as DawnPackage;
    instance = create(['enable-dawn-features=allow_unsafe_apis', ...options]);
    instances.set(key, instance);
  }
  return instance;
}
