/**
 * What the policy says about one action on one path. The table of the Rust core's `decision.rs` is the contract; this file
 * answers the same, also in its words.
 */

import type { Rules } from '../rules';
import { realPath } from './absolute';
import type { ActionIntent, Decision } from '../types';
import { forbidden } from './clauses';
import type { Grants } from './grants';
import { answer, followsLastLink, isReading, takesAway } from './intents';
import { checkWindowsStart, isBelow, joinName } from './names';
import { toRaw } from './raw-path';
import { type Resolved, resolvePath } from './resolve';

/** The machine's, where other programs keep theirs. */
const TMP = ['/tmp', '/var/tmp', '/dev/shm', '/private/tmp', '/private/var/tmp'];

/** The decision, and the place that it is about: null where the path leads to none that may be looked at. */
export interface Considered {
  readonly decision: Decision;
  readonly resolved: Resolved | null;
}

/** Decides about `intent` on `path`; a relative path lies below the workspace. @throws FishplateError `NAME_INVALID`. */
export function consider(rules: Rules, grants: Grants, path: string, intent: ActionIntent): Considered {
  if (process.platform === 'win32') checkWindowsStart(path);
  const resolved = resolvePath(toRaw(path), toRaw(rules.workspace), followsLastLink(intent));
  if (!('refused' in resolved)) return { decision: judge(rules, grants, resolved, intent), resolved };
  const [reason, rule] = REFUSALS[resolved.refused];
  return { decision: answer('deny', reason, rule, resolved.path), resolved: null };
}

const REFUSALS = {
  loop: ['its symbolic links lead round in a circle, or are more than the kernel follows', 'path resolution'],
  processes: [
    'it leads to open files, memory or environment of processes outside the sandbox',
    'processes outside the sandbox',
  ],
} as const;

/** The decision about a path that is resolved. */
function judge(rules: Rules, grants: Grants, resolved: Resolved, intent: ActionIntent): Decision {
  const { path } = resolved;
  const { policy } = rules;
  const refused = forbidden(rules, resolved, intent);
  if (refused !== null) return refused;
  if (policy.mode === 'full-access') {
    return answer('allow', 'the policy allows it everywhere', 'policy.mode full-access', path);
  }
  const confirm = (reason: string, rule: string): Decision => {
    const name = grants.covering(path, intent);
    if (name !== null) return answer('allow', 'a person has granted it', name, path);
    return answer('needs-confirmation', reason, rule, path);
  };
  const root = rules.writableRoots.find((candidate) => isBelow(path, toRaw(candidate)));
  if (root !== undefined) {
    const name = rootName(rules, root);
    if (takesAway(intent)) return confirm(`to ${intent} takes away what a person may look for`, name);
    return answer('allow', 'it lies below a writable root', name, path);
  }
  const isOutside = !isBelow(path, toRaw(rules.workspace));
  if (policy.privateTmp !== false && isOutside && TMP.some((tmp) => isBelow(path, tmp))) {
    return confirm(
      "it lies in the machine's temporary directory, of which a command sees none",
      'policy.privateTmp',
    );
  }
  if (isReading(intent)) return answer('allow', 'nothing keeps it from being read', 'readable machine', path);
  if (policy.mode === 'read-only') return confirm('the policy allows no change', 'policy.mode read-only');
  return confirm('it lies outside the writable roots', 'outside policy.writableRoots');
}

function rootName({ workspace, policy }: Rules, root: string): string {
  // The workspace is the first root; another may be named twice, or be the workspace: so the name is looked for.
  if (root === workspace) return 'workspace';
  const index = (policy.writableRoots ?? []).findIndex((given) => {
    const place = given.startsWith('/') ? toRaw(given) : joinName(toRaw(workspace), toRaw(given));
    return realPath(place) === toRaw(root);
  });
  return index === -1 ? `writable root ${root}` : `policy.writableRoots[${index}]`;
}
