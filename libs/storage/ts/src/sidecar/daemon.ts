/** The sidecar's process: node daemon.js <directory> <options as JSON>. It tells one line on standard output: that it listens, or why not. */

import { openStore } from '../open';
import type { OpenOptions } from '../types';
import { makePlace } from './place';
import { faultOf } from './protocol';
import { StoreServer } from './server';

function tell(line: object): Promise<void> {
  // Whoever does not listen any more is no reason to end.
  process.stdout.on('error', () => {});
  return new Promise((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve()));
}

async function main(): Promise<void> {
  const [directory = '', json = '{}'] = process.argv.slice(2);
  const store = await openStore(directory, JSON.parse(json) as OpenOptions);
  const server = new StoreServer(store, makePlace(directory), () => process.exit(0));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => void server.end());
  }
  await server.listen();
  await tell({ listening: true });
}

void main().catch(async (error: unknown) => {
  await tell({ error: faultOf(error) });
  process.exit(1);
});
