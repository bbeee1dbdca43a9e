/**
 * Decisions and files in TypeScript, where the binding cannot be had: the same answers as those of the Rust core.
 *
 * What it holds less well than the core:
 *
 * - Where directories cannot be held open ({@link canHoldHandles}: anywhere but on Linux with `/proc`), a process outside the
 *   sandbox that changes names while a call runs can have a file made or replaced elsewhere. Reading is looked at again.
 * - A decision is about the moment in which it was made, as in the core; the file actions alone act on what they have asked
 *   about.
 * - The path is walked on the thread of the event loop; content is read and written beside it.
 * - A path of Windows that begins with a drive and no backslash (`C:x`) is refused: it lies wherever that drive is.
 */

import { consider } from './decision';
import { changeFiles } from './change';
import { list, readFile, readFileState, remove, writeFile } from './files';
import { takeGrants } from './grants';
import type { CheckedOptions } from '../options';
import { resolveRules } from '../rules';
import type { PolicyEngine } from '../files';

/** Decides, reads and writes. @throws FishplateError `POLICY_INVALID`, `WORKSPACE_INVALID`, `GRANT_INVALID`. */
export function openScriptPolicy(options: CheckedOptions): PolicyEngine {
  const rules = resolveRules(options);
  let grants = takeGrants(options.grants, rules);
  return {
    workspace: rules.workspace,
    evaluate: (path, intent) => consider(rules, grants, path, intent).decision,
    updateGrants(next) {
      grants = takeGrants(next, rules);
    },
    readFile: (path, maxBytes) => readFile({ rules, grants }, path, maxBytes),
    writeFile: (path, data) => writeFile({ rules, grants }, path, data),
    readFileState: (path, maxBytes) => readFileState({ rules, grants }, path, maxBytes),
    changeFiles: (changes) => changeFiles({ rules, grants }, changes),
    delete: (path) => remove({ rules, grants }, path),
    list: (path) => list({ rules, grants }, path),
  };
}
