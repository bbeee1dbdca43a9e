/** What a policy comes to for one workspace: the same as the Rust core makes of it, for what works without that. */

import { realpathSync, statSync } from 'node:fs';

import { SANDBOX_CODES } from './codes';
import { absolute, isOfHome } from './fallback/absolute';
import { checkDenials, checkProtections, checkRoots } from './fallback/conflicts';
import { gitPaths } from './fallback/git-paths';
import { isBelow, splitPath } from './fallback/names';
import { type RawPath, toRaw, toText } from './fallback/raw-path';
import { errno, settle } from './fallback/resolve';
import type { CheckedOptions } from './options';
import type { SandboxPolicy } from './policy';

/** Below each writable root: what other programs would later run, or trust. */
export const DEFAULT_PROTECTED: readonly string[] = [
  '.git/hooks',
  '.git/config',
  '.git/commondir',
  '.git/config.worktree',
  '.git/modules',
  '.fishplate',
  '.bashrc',
  '.bash_profile',
  '.bash_login',
  '.bash_logout',
  '.profile',
  '.zshrc',
  '.zshenv',
  '.zprofile',
  '.zlogin',
  '.zlogout',
  '.config/fish',
  '.vscode/tasks.json',
  '.vscode/launch.json',
  '.vscode/settings.json',
  '.idea/runConfigurations',
  '.idea/workspace.xml',
];

/** Secrets that agents have no business with, where a policy says nothing else. `~` is the home directory. */
export const DEFAULT_READ_DENY: readonly string[] = [
  '~/.ssh',
  '~/.gnupg',
  '~/.aws',
  '~/.azure',
  '~/.config/gcloud',
  '~/.config/gh',
  '~/.kube',
  '~/.docker/config.json',
  '~/.netrc',
  '~/.git-credentials',
  '~/.pgpass',
  '~/.pypirc',
  '~/.cargo/credentials.toml',
];

/** A path and the clause of the policy that names it. */
export interface Clause {
  /** Absolute, free of `.` and `..`, as bytes. */
  readonly path: RawPath;
  /** The root that it protects, where it does. */
  readonly root: RawPath | null;
  /** As in `policy.readDeny[2]`. */
  readonly name: string;
}

/** What a policy comes to: every path absolute and free of `.` and `..`. */
export interface Rules {
  readonly policy: SandboxPolicy;
  /** Free of symbolic links. */
  readonly workspace: string;
  /** Free of symbolic links: the workspace first; none in `read-only`, `/` in `full-access`. */
  readonly writableRoots: readonly string[];
  /** What nobody may read: as named and, where a link leads elsewhere, also the target. */
  readonly readDeny: readonly string[];
  /** What nobody may change below the writable roots; not all of them are there. */
  readonly protectedPaths: readonly string[];
  /** {@link readDeny} with the clause that each path comes from. */
  readonly denied: readonly Clause[];
  /** {@link protectedPaths} with clauses and targets of links; in `read-only`, that of the workspace, which no grant opens. */
  readonly guarded: readonly Clause[];
}

/** @throws FishplateError `WORKSPACE_INVALID`; `POLICY_INVALID` where a path cannot be used, or makes no sense. */
export function resolveRules({ workspace: given, policy, home }: CheckedOptions): Rules {
  const workspace = directory(given, (problem) =>
    SANDBOX_CODES.error('WORKSPACE_INVALID', `the workspace ${given} cannot be used: ${problem}`),
  );
  const place = (path: string): RawPath => absolute(toRaw(path), toRaw(workspace), home);
  const writableRoots = rootsOf(policy, workspace, place);

  const denied: Clause[] = [];
  for (const [path, name] of namedDenials(policy)) {
    if (isOfHome(path) && home === null) continue;
    push(denied, { path: place(path), root: null, name });
  }

  const isReadOnly = policy.mode === 'read-only';
  const guarded: Clause[] = [];
  const protectedPaths = new Set<string>();
  const roots = (isReadOnly || policy.mode === 'full-access' ? [workspace] : writableRoots).map(toRaw);
  const writable = writableRoots.map(toRaw);
  checkRoots(policy.mode, toRaw(workspace), writable);
  checkDenials(denied, roots);
  const within = isReadOnly ? roots : writable;
  const guard = (path: RawPath, root: RawPath | null, name: string): void => {
    if (!isReadOnly) protectedPaths.add(toText(path));
    // A link that is there by chance, and leads to a root or above it, is held itself; its target cannot be.
    const skips = name.startsWith('policy.') ? [] : within;
    push(guarded, { path, root, name }, (target) => !skips.some((below) => isBelow(below, target)));
  };
  for (const root of roots) {
    for (const [named, name] of namedProtections(policy))
      guard(absolute(toRaw(named), root, home), root, name);
  }
  if (policy.protectDefaults ?? true) {
    for (const { path, why } of gitPaths(roots, within, home)) {
      const root = roots.find((above) => isBelow(path, above)) ?? null;
      guard(path, root, `default protected path of git: ${why}`);
    }
  }
  if (!isReadOnly) checkProtections(guarded, writable);
  const readDeny = denied.map(({ path }) => toText(path));
  return { policy, workspace, writableRoots, readDeny, protectedPaths: [...protectedPaths], denied, guarded };
}

function rootsOf(policy: SandboxPolicy, workspace: string, place: (path: string) => RawPath): string[] {
  if (policy.mode === 'read-only') return [];
  if (policy.mode === 'full-access') return [toText(splitPath(toRaw(workspace)).anchor ?? '/')];
  const others = (policy.writableRoots ?? []).map((root, index) =>
    directory(toText(place(root)), (problem) =>
      SANDBOX_CODES.error('POLICY_INVALID', `writableRoots[${index}] cannot be used: ${problem}`),
    ),
  );
  return [...new Set([workspace, ...others])];
}

/** A directory, free of links. */
function directory(path: string, fault: (problem: string) => Error): string {
  let real: string;
  try {
    const bytes = realpathSync.native(path, 'buffer');
    real = bytes.toString();
    // What is text in this library would be another path.
    if (!Buffer.from(real).equals(bytes)) throw fault('a link leads through a name that is not UTF-8');
    if (statSync(real).isDirectory()) return real;
  } catch (error) {
    throw errno(error).startsWith('E') ? fault((error as Error).message) : error;
  }
  throw fault(`${real} is no directory`);
}

function namedDenials({ readDeny }: SandboxPolicy): [string, string][] {
  if (readDeny !== undefined) return numbered(readDeny, 'policy.readDeny');
  return DEFAULT_READ_DENY.map((path) => [path, `default readDeny ${path}`]);
}

function namedProtections({
  protectDefaults = true,
  protectedPaths = [],
}: SandboxPolicy): [string, string][] {
  const defaults = protectDefaults ? DEFAULT_PROTECTED : [];
  return [
    ...defaults.map((path): [string, string] => [path, `default protected path ${path}`]),
    ...numbered(protectedPaths, 'policy.protectedPaths'),
  ];
}

function numbered(paths: readonly string[], list: string): [string, string][] {
  return paths.map((path, index) => [path, `${list}[${index}]`]);
}

/** A clause for the path as named, and one for where it leads; the first one for a path stays. */
function push(clauses: Clause[], clause: Clause, takes: (target: RawPath) => boolean = () => true): void {
  const target = settle(clause.path);
  for (const path of [clause.path, ...(target !== null && takes(target) ? [target] : [])]) {
    if (clauses.every((other) => other.path !== path)) clauses.push({ ...clause, path });
  }
}
