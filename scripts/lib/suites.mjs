/** The suites behind `npm test`: each runs one tool and counts what passed. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ensureBrowser } from './ensure.mjs';
import { node24, root } from './node24.mjs';

const bin = (file) => path.join(root, 'node_modules', file);
const onNode24 = (file, args, env = {}) =>
  spawnSync(node24(), [bin(file), ...args], {
    cwd: root,
    stdio: ['ignore', 1, 1],
    env: { ...process.env, ...env },
  });
const asOneTest = (status) => ({ passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 });

export const types = () => asOneTest(onNode24('typescript/bin/tsc', ['-p', 'tsconfig.json']).status);

export const lint = () =>
  asOneTest(
    spawnSync(process.execPath, [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.'], {
      cwd: root,
      stdio: ['ignore', 1, 1],
    }).status,
  );

export function unit(scratch) {
  const file = path.join(scratch, 'unit.json');
  const done = onNode24(
    'vitest/vitest.mjs',
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
    { NO_COLOR: '1' },
  );
  const report = readReport(file);
  if (!report) return asOneTest(1);
  const skips = report.testResults.flatMap((suite) =>
    suite.assertionResults
      .filter((test) => test.status === 'pending' || test.status === 'skipped' || test.status === 'todo')
      .map((test) => ({ name: test.fullName, reason: reasonIn(test.fullName) })),
  );
  return {
    passed: report.numPassedTests,
    // A file that does not load has no tests of its own to fail.
    failed: Math.max(report.numFailedTests, done.status === 0 ? 0 : 1),
    skipped: skips.length,
    skips,
  };
}

/** The C++ library's own test program, over every kernel family that this processor has. */
export function kernels() {
  const done = spawnSync(process.execPath, [path.join(root, 'scripts/build-native.mjs'), '--strict', '--test'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 1],
    encoding: 'utf8',
  });
  process.stdout.write(done.stdout);
  const counts = done.stdout.match(/^kernel-tests: (\d+) passed, (\d+) failed$/m);
  if (!counts) return asOneTest(1);
  return { passed: Number(counts[1]), failed: Number(counts[2]), skipped: 0 };
}

export function browser(scratch) {
  const executable = ensureBrowser();
  if (!executable) {
    console.log(
      'No Chromium, Chrome or Edge was found and none could be installed. Install one, or set MEANDER_BROWSER.',
    );
    return asOneTest(1);
  }
  const build = spawnSync(process.execPath, [path.join(root, 'scripts/build.mjs')], {
    cwd: root,
    stdio: ['ignore', 1, 1],
  });
  if (build.status !== 0) return asOneTest(build.status);
  const file = path.join(scratch, 'browser.json');
  const done = onNode24('@playwright/test/cli.js', ['test', '--reporter=list,json'], {
    MEANDER_BROWSER: executable,
    PLAYWRIGHT_JSON_OUTPUT_NAME: file,
  });
  const report = readReport(file);
  if (!report) return asOneTest(1);
  const { expected, unexpected, flaky, skipped } = report.stats;
  const skips = specs(report.suites)
    .filter((spec) => spec.tests.some((test) => test.status === 'skipped'))
    .map((spec) => ({ name: spec.title, reason: spec.tests[0].annotations[0]?.description ?? 'no reason given' }));
  return { passed: expected + flaky, failed: Math.max(unexpected, done.status === 0 ? 0 : 1), skipped, skips };
}

const specs = (suites) => suites.flatMap((suite) => [...(suite.specs ?? []), ...specs(suite.suites ?? [])]);

/** Skipped unit tests say why in their names: "… (skipped: reason)". */
const reasonIn = (name) => name.match(/\(skipped: (.+)\)$/)?.[1] ?? 'no reason given';

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
