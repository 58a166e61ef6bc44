/** What native/binding.gyp says to compile, for scripts that build the C++ test program in another way than node-gyp. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './node24.mjs';

/** A condition of the file: comparisons of `target_arch` and `OS` joined by "and". */
function holds(condition, facts) {
  return condition.split(' and ').every((term) => {
    const match = term.trim().match(/^(target_arch|OS)(==|!=)'(\w+)'$/);
    if (!match) throw new Error(`native/binding.gyp has a condition that is not understood here: ${term}`);
    return (facts[match[1]] === match[3]) === (match[2] === '==');
  });
}

/** The object with what its conditions add: lists are appended to, everything else replaced. */
function resolved(object, facts) {
  const { conditions = [], ...own } = object;
  for (const [condition, then, otherwise] of conditions) {
    const chosen = holds(condition, facts) ? then : otherwise;
    for (const [key, value] of Object.entries(chosen ? resolved(chosen, facts) : {}))
      own[key] = Array.isArray(own[key]) ? [...own[key], ...value] : value;
  }
  return own;
}

/**
 * Every static library and the test program, for `target_arch` (x64, arm64 …) and `OS` (linux): sources relative to
 * native/, flags of the compiler. Optimisation is left out of the flags.
 * @returns {{ name: string, sources: string[], flags: string[] }[]}
 */
export function nativeTargets(facts) {
  const text = readFileSync(path.join(root, 'native/binding.gyp'), 'utf8');
  const file = JSON.parse(text.replace(/^\s*#.*$/gm, ''));
  const variables = resolved(file.variables, facts);
  const { targets } = resolved({ targets: file.targets, conditions: file.conditions }, facts);
  const listed = (items = []) =>
    items.flatMap((item) => {
      const name = item.match(/^<@\((\w+)\)$/)?.[1];
      return name ? variables[name] : [item];
    });
  const shared = file.target_defaults;
  const common = [...shared.cflags, ...shared.cflags_cc].filter((flag) => !flag.startsWith('-O'));
  const named = (name) => targets.find((target) => target.target_name === name);
  const tests = named('kernel-tests');
  return [...listed(tests.dependencies), 'kernel-tests'].map((name) => {
    const { sources, defines = [], cflags = [] } = resolved(named(name), facts);
    const include = shared.include_dirs.map((folder) => `-I${path.join(root, 'native', folder)}`);
    const flags = [...common, ...include, ...defines.map((define) => `-D${define}`), ...cflags];
    return { name, sources: listed(sources), flags };
  });
}
