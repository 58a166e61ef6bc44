/**
 * Everything that must hold, from a fresh clone: install, types, lint, unit, conformance, C++, browser.
 * Each suite prints its time against its share of the 15 minutes; the last line counts all tests.
 * `npm test -- unit e2e` runs the named suites only.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureInstalled, ensureNative } from './lib/ensure.mjs';

const wanted = process.argv.slice(2);
const started = performance.now();
const scratch = mkdtempSync(path.join(os.tmpdir(), 'meander-test-'));

/** Seconds of the 15 minutes that a suite may take on two cores. */
const shares = { install: 180, types: 20, lint: 20, unit: 320, kernels: 30, browser: 330 };
const totals = { passed: 0, failed: 0, skipped: 0 };

function timed(name, run) {
  if (wanted.length > 0 && !wanted.includes(name) && name !== 'install') return;
  console.log(`\n── ${name} ${'─'.repeat(Math.max(0, 60 - name.length))}`);
  const from = performance.now();
  const result = run();
  const seconds = (performance.now() - from) / 1000;
  for (const key of Object.keys(totals)) totals[key] += result[key];
  for (const skip of result.skips ?? []) console.log(`skipped: ${skip.name}: ${skip.reason}`);
  const over = seconds > shares[name] ? ' (over its share)' : '';
  console.log(
    `${name}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped ` +
      `in ${seconds.toFixed(1)} s of ${shares[name]} s${over}`,
  );
}

timed('install', () => {
  ensureInstalled();
  ensureNative({ strict: true });
  return { passed: 0, failed: 0, skipped: 0 };
});
// Only now are the packages there that the suites import.
const suites = await import('./lib/suites.mjs');
timed('types', suites.types);
timed('lint', suites.lint);
timed('unit', () => suites.unit(scratch));
timed('kernels', suites.kernels);
timed('browser', () => suites.browser(scratch));

rmSync(scratch, { recursive: true, force: true });
console.log(`\nAll suites took ${((performance.now() - started) / 1000).toFixed(0)} s.`);
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed > 0 ? 1 : 0;
