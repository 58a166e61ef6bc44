/** Why a package of TensorFlow did not load, in words that name the file. */

/** @param folder of the package */
export function loadFailure(name: string, folder: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const what = `${name} in ${folder} does not load`;
  const missing = /native addon module[\s\S]*?can not be found at path: (\S+?)\.?\s/.exec(message);
  if (missing)
    return `${what}: its binding ${missing[1]} is not there, because its download failed or install scripts were off.`;
  if (/NODE_MODULE_VERSION|different Node\.js version|did not self-register/i.test(message))
    return `${what}: its binding was built for another Node than ${process.version}.`;
  const library = /^(?:[^\n]*?: )?([^\s:]+\.(?:so(?:\.[\d.]+)?|dylib|dll)): cannot open shared object file/m.exec(
    message,
  );
  if (library) return `${what}: the library ${library[1]} is missing or not where the system looks.`;
  const symbol = /undefined symbol: (\w+)/.exec(message);
  if (symbol) return `${what}: its binding and its TensorFlow library do not fit (undefined symbol ${symbol[1]}).`;
  const needs = /version `([\w.]+)' not found/.exec(message);
  if (needs) return `${what}: it needs a newer system library (${needs[1]}).`;
  return `${what}: ${message.trim().split('\n')[0]}.`;
}
