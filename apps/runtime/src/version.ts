/** The version of this package, read from its own package.json so that it is written in one place. */

import { readFileSync } from 'node:fs';

let known: string | undefined;

/** For example `0.1.0`. */
export function packageVersion(): string {
  known ??= (
    JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  ).version;
  return known;
}
