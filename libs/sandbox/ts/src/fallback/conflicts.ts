/**
 * Paths of a policy that make no sense together, or that no command could be held to: they are refused when a sandbox is
 * opened, in words that say which and why.
 */

import { SANDBOX_CODES } from '../codes';
import type { SandboxPolicy } from '../policy';
import type { Clause } from '../rules';
import { isBelow, parentOf } from './names';
import { type RawPath, toText } from './raw-path';

/** File systems of the kernel, which a command has of its own. */
const KERNEL: readonly RawPath[] = ['/proc', '/sys', '/dev'];
/** What of them holds files. */
const SHARED_MEMORY: RawPath = '/dev/shm';

/** Whether the roots can be given to a command. @throws FishplateError `POLICY_INVALID`. */
export function checkRoots(
  mode: SandboxPolicy['mode'],
  workspace: RawPath,
  writable: readonly RawPath[],
): void {
  if (mode === 'full-access') return;
  for (const root of writable) {
    const field = root === workspace ? 'workspace' : `writableRoots (${toText(root)})`;
    if (parentOf(root) === null) {
      throw invalid(field, 'is the whole machine; use mode full-access to write everywhere');
    }
    const kernel = kernelOf(root);
    if (kernel !== undefined) {
      throw invalid(field, `lies in ${kernel}, which is the kernel's: a command has one of its own`);
    }
  }
}

function kernelOf(root: RawPath): RawPath | undefined {
  if (process.platform !== 'linux' || isBelow(root, SHARED_MEMORY)) return undefined;
  return KERNEL.find((kernel) => isBelow(root, kernel));
}

/** Whether something is left to be read. @throws FishplateError `POLICY_INVALID`. */
export function checkDenials(denied: readonly Clause[], roots: readonly RawPath[]): void {
  check(denied, roots, 'which nobody could read then, so no command could run there');
}

/** Whether something is left to be written. @throws FishplateError `POLICY_INVALID`. */
export function checkProtections(guarded: readonly Clause[], writable: readonly RawPath[]): void {
  check(guarded, writable, 'which nobody could write then; leave the root out, or use mode read-only');
}

function check(clauses: readonly Clause[], roots: readonly RawPath[], what: string): void {
  for (const { path, name } of clauses) {
    const root = roots.find((below) => isBelow(below, path));
    if (root !== undefined) {
      throw invalid(name.replace(/^policy\./, ''), `covers the root ${toText(root)}, ${what}`);
    }
  }
}

function invalid(field: string, problem: string): Error {
  return SANDBOX_CODES.error('POLICY_INVALID', `${field} ${problem}`);
}
