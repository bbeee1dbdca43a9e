#!/usr/bin/env node
/** `fishplate-store`: looks into stores, takes events out and in, and makes damaged ones usable again. */

import { main } from './cli/main';

// Whoever reads the output may have seen enough, as `head` has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
