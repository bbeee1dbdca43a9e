/** Removes what global-setup.mjs installed. */

import { rmSync } from 'node:fs';

/** Runs after the last test file. */
export default function remove() {
  const directory = process.env['FISHPLATE_INTEGRATION_DIRECTORY'];
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
}
