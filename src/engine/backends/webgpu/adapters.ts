/** Which adapters there are, and which is taken. */
import { existsSync } from 'node:fs';
import { UserError } from '../../errors.ts';
import { dawn } from './dawn.ts';

/** Whether an adapter computes on the processor. */
export function isSoftware(info: GPUAdapterInfo): boolean {
  const words = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  return info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render|\bwarp\b/i.test(words);
}

/** An adapter as its driver calls it. */
export function describeAdapter(info: GPUAdapterInfo): string {
  const words = [info.vendor, info.architecture, info.device].map((word) => word.replace(/-+$/, '')).filter(Boolean);
  // Some drivers say the architecture again in the device.
  const told = words.filter((word, at) => !words.slice(at + 1).some((later) => later.includes(word)));
  return told.join(' ') || info.description || 'unnamed adapter';
}

/** What an adapter is and has, as `meander doctor` lists it. */
export interface AdapterReport {
  readonly name: string;
  readonly driver: string;
  /** Whether it computes on the processor: never taken unless asked for by name. */
  readonly software: boolean;
  /** Of those that matter here. */
  readonly features: readonly string[];
  /** Most bytes of one buffer, of one binding, and of memory that a workgroup shares. */
  readonly bufferBytes: number;
  readonly bindingBytes: number;
  readonly workgroupBytes: number;
  /** What the engine would profit from and the adapter lacks, in words. */
  readonly lacks: readonly string[];
}

/** Features that are looked for, and what each would be for. */
const wanted: Readonly<Record<string, string>> = {
  'shader-f16': 'half-precision arithmetic',
  subgroups: 'sums across the lanes of a core',
  'chromium-experimental-subgroup-matrix': 'matrix units (tensor cores)',
  'timestamp-query': 'times of single kernels',
};

/** All adapters, the one that would be taken first. Empty, with the reason, where there is none. */
export async function listAdapters(): Promise<{ adapters: AdapterReport[]; reason: string | null }> {
  const found = new Map<string, AdapterReport>();
  if (bare()) return { adapters: [], reason: noDevice };
  try {
    const gpu = loaded();
    for (const options of [
      { powerPreference: 'high-performance' },
      { powerPreference: 'low-power' },
      { forceFallbackAdapter: true },
    ] satisfies GPURequestAdapterOptions[]) {
      const adapter = await gpu.requestAdapter(options);
      if (adapter) found.set(describeAdapter(adapter.info), report(adapter));
    }
    const adapters = [...found.values()];
    return { adapters, reason: adapters.length === 0 ? noDriver : null };
  } catch (error) {
    if (error instanceof Unloadable) return { adapters: [], reason: error.message };
    throw error;
  }
}

function report({ info, features, limits }: GPUAdapter): AdapterReport {
  const names = Object.keys(wanted);
  const has = (name: string) => features.has(name as GPUFeatureName);
  return {
    name: describeAdapter(info),
    driver: info.description,
    software: isSoftware(info),
    features: names.filter(has),
    bufferBytes: limits.maxBufferSize,
    bindingBytes: limits.maxStorageBufferBindingSize,
    workgroupBytes: limits.maxComputeWorkgroupStorageSize,
    lacks: names.filter((name) => !has(name)).map((name) => `${wanted[name]} (${name})`),
  };
}

/**
 * Whether a look at the system shows that there is nothing to find: else Dawn's search for a driver would be in the log
 * of every run on a machine without a card. A driver that is named by hand (a software adapter's) is looked for.
 */
function bare(): boolean {
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES } = process.env;
  if (process.platform !== 'linux' || VK_ICD_FILENAMES || VK_DRIVER_FILES) return false;
  return !['/dev/dri', '/dev/nvidiactl', '/dev/dxg'].some((path) => existsSync(path));
}

const noDevice = 'this system shows no graphics card (/dev/dri, /dev/nvidiactl)';
const noDriver = 'no graphics driver for Vulkan, Metal or Direct3D 12 was found';

class Unloadable extends Error {}

/** Throws Unloadable with the reason. */
function loaded(): GPU {
  try {
    return dawn();
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    const why = (error as Error).message.trim().split('\n')[0];
    throw new Unloadable(
      absent ? 'the optional package webgpu is not installed' : `the package webgpu does not load: ${why}`,
    );
  }
}

/** The system's fastest adapter. Throws UserError 'webgpu-missing' where none serves. */
export async function chosenAdapter(software: boolean): Promise<GPUAdapter> {
  if (!software && bare()) throw missing(noDevice);
  let gpu: GPU;
  try {
    gpu = loaded();
  } catch (error) {
    if (error instanceof Unloadable)
      throw missing(error.message, 'Install Meander again with its optional packages, or choose another device.');
    throw error;
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw missing(noDriver);
  if (isSoftware(adapter.info) && !software)
    throw missing(`the only adapter is ${describeAdapter(adapter.info)}, which computes on the processor`);
  return adapter;
}

function missing(reason: string, next = "Install the card's driver, or choose another device."): UserError {
  return new UserError('webgpu-missing', `No graphics card can be used through WebGPU: ${reason}.`, next);
}
