#!/usr/bin/env node
import { runUnderNode24 } from './lib/node24.mjs';

process.exitCode = await runUnderNode24('src/cli/main.ts', process.argv.slice(2));
