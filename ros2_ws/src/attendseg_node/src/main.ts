#!/usr/bin/env node
import { runCli } from './cli.js';

// Not process.exit(): it would abort threads in the middle of a run.
process.exitCode = await runCli(process.argv.slice(2));
