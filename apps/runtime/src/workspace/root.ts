/** Where a workspace is. */

import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

import { RUNTIME_CODES } from '../codes.js';

/** The real directory of a workspace. @throws FishplateError `WORKSPACE_INVALID` where it is none. */
export function workspaceRoot(workspace: string): { readonly root: string; readonly given: string } {
  const given = resolve(workspace);
  try {
    const root = realpathSync.native(given);
    if (!statSync(root).isDirectory()) throw new Error('it is not a directory');
    return { root, given };
  } catch (cause) {
    throw RUNTIME_CODES.error(
      'WORKSPACE_INVALID',
      `${given} cannot serve as workspace: ${(cause as Error).message}`,
      { cause },
    );
  }
}
