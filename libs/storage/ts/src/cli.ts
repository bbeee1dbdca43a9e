#!/usr/bin/env node
/** `fishplate-store`: looks into stores, takes events out and in, and makes damaged ones usable again. */

import { main } from './cli/main';

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
