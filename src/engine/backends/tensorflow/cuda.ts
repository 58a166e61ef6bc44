/** What TensorFlow needs for an NVIDIA card. It opens these libraries by itself and says nothing where one is lacking. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** File names for a version of TensorFlow: its release notes' tested CUDA and cuDNN. */
export function cudaLibraries(version: string, platform: NodeJS.Platform): string[] {
  const [major, minor] = version.split('.').map(Number);
  const release = 100 * major + minor;
  if (platform === 'win32')
    return ['nvcuda.dll', 'cudart64_110.dll', 'cublas64_11.dll', 'cublasLt64_11.dll', 'cudnn64_8.dll'];
  const cudnn = release >= 218 ? 9 : 8;
  const toolkit =
    release >= 215
      ? ['libcudart.so.12', 'libcublas.so.12', 'libcublasLt.so.12', 'libcufft.so.11', 'libcusparse.so.12']
      : ['libcudart.so.11.0', 'libcublas.so.11', 'libcublasLt.so.11', 'libcufft.so.10', 'libcusparse.so.11'];
  return ['libcuda.so.1', ...toolkit, 'libcusolver.so.11', `libcudnn.so.${cudnn}`];
}

/** Those of the libraries that do not load; with the loader's words, unless the file is simply not there. */
export function unloadable(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    try {
      process.dlopen({ exports: {} }, name);
    } catch (error) {
      const [line] = (error as Error).message.split('\n');
      // A library that loads is no addon, and Node says so.
      if (/self-register/.test(line)) return [];
      return [line.startsWith(`${name}: cannot open shared object file: No such file`) ? name : line];
    }
    return [];
  });
}

/** Name of the first NVIDIA card as its driver says it; null where it does not. */
export function graphicsCard(driver = '/proc/driver/nvidia/gpus'): string | null {
  try {
    const [first] = readdirSync(driver).sort();
    return /^Model:\s*(.+)$/m.exec(readFileSync(join(driver, first, 'information'), 'utf8'))?.[1].trim() ?? null;
  } catch {
    return null;
  }
}
