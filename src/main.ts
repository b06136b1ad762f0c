#!/usr/bin/env node
import { runCli } from './cli/program.ts';

// A reader that went away (`… | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const exitCode = await runCli(process.argv, process);
// Idle connections must not keep the shell waiting; what was written must still arrive.
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
