/**
 * A path as the kernel would walk it: symbolic links followed one by one, `..` behind a link from where the link leads, parts
 * that are missing kept as they are spelled.
 *
 * The answer is a path without links. Who then opens exactly that path and follows no link at all has opened what the answer
 * was about, or nothing.
 */

import { type BigIntStats, lstatSync, readlinkSync, statfsSync } from 'node:fs';

import { isFishplateError } from '@fishplate/engine';

import { checkPathBytes, DISK_HERE, joinName, parentOf, splitPath, tooLong } from './names';
import { fromDisk, onDisk, type RawPath } from './raw-path';

/** As many links as Linux follows in one path. */
const MOST_LINKS = 40;
/** `statfs` of a procfs. */
const PROC_SUPER_MAGIC = 0x9fa0;

/** What stands at a path. */
export type FileKind = 'file' | 'directory' | 'link' | 'other';

/** Device and inode: one thing on disk, whatever it is called. Null on Windows, as in the Rust core: names decide there. */
export type Identity = string;

/** Where a path ends; `behind-missing` and `below-file` are paths that the kernel refuses, `hidden` is closed to its user. */
export type End = { readonly found: FileKind } | 'missing' | 'behind-missing' | 'below-file' | 'hidden';

/** Where a path leads. */
export interface Resolved {
  /** Without links, `.` and `..`. */
  readonly path: RawPath;
  readonly end: End;
  /** Spelled as a directory: with a slash or a dot at its end. */
  readonly asDirectory: boolean;
  /** The last name was a link, and was followed. */
  readonly lastWasLink: boolean;
  /** Where the links stand that were followed. */
  readonly links: readonly RawPath[];
  /** Of each part that is there, the root first. */
  readonly identities: readonly Identity[];
}

/** A path that is not walked to its end: more links than the kernel follows, or processes outside of the sandbox. */
export interface Unresolvable {
  readonly refused: 'loop' | 'processes';
  readonly path: RawPath;
}

/** The path without links, its missing parts as spelled; null where it cannot be walked. */
export function settle(path: RawPath): RawPath | null {
  try {
    const resolved = resolvePath(path, '/', true);
    return 'refused' in resolved ? null : resolved.path;
  } catch (error) {
    if (isFishplateError(error)) return null;
    throw error;
  }
}

/**
 * Walks `path`, from `base` where it is relative; a link at its end is followed where `followLast`.
 *
 * @throws FishplateError `NAME_INVALID`.
 */
export function resolvePath(path: RawPath, base: RawPath, followLast: boolean): Resolved | Unresolvable {
  checkPathBytes(path);
  return new Walk().run(path, base, followLast);
}

/** The identity of what was looked at. */
export function identityOf({ dev, ino }: BigIntStats): Identity | null {
  return DISK_HERE === 'windows' ? null : `${dev}:${ino}`;
}

/** What was looked at. */
export function kindOf(stats: Pick<BigIntStats, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): FileKind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'link' : 'other';
}

/** The system's word for what failed; empty where it is none of the system's. */
export function errno(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : '';
}

class Walk {
  private path: RawPath = '';
  /** Names to come, the next one last. */
  private readonly pending: RawPath[] = [];
  /** What stands at `path`, while nothing is missing. */
  private kind: FileKind = 'directory';
  private readonly identities: Identity[] = [];
  /** Names at the end of `path` that were not looked up, since something is in the way. */
  private beyond = 0;
  private trouble: End | null = null;
  private asDirectory = false;
  private lastWasLink = false;
  private readonly links: RawPath[] = [];

  run(path: RawPath, base: RawPath, followLast: boolean): Resolved | Unresolvable {
    const [given, from] = [splitPath(path), splitPath(base)];
    // A path of Windows without a drive lies on that of the base.
    const anchor = given.anchor === null || given.anchor === '\\' ? from.anchor : given.anchor;
    const before = given.anchor === null ? from.names : [];
    this.restart(anchor ?? '', [...before, ...given.names]);
    for (let name = this.pending.pop(); name !== undefined; name = this.pending.pop()) {
      const refused = this.step(name, followLast);
      if (refused !== null) return { refused, path: this.path };
    }
    return this.done();
  }

  /** Goes on from an absolute path, with these names before those to come. */
  private restart(anchor: RawPath, names: readonly RawPath[]): void {
    this.identities.length = 0;
    try {
      this.identify(lstatSync(onDisk(anchor), { bigint: true }));
    } catch {
      // A drive that is not there: its first name will be missing.
    }
    this.path = anchor;
    this.kind = 'directory';
    this.pending.push(...names.toReversed());
  }

  private step(name: RawPath, followLast: boolean): Unresolvable['refused'] | null {
    this.asDirectory = name === '.' || name === '..';
    if (this.beyond === 0 && this.kind !== 'directory') this.trouble = 'below-file';
    if (name === '.') return null;
    if (name === '..') {
      this.up();
      return null;
    }
    this.path = joinName(this.path, name);
    if (isProcess(this.path)) return 'processes';
    if (this.beyond > 0 || this.kind !== 'directory') {
      this.beyond += 1;
      return null;
    }
    return this.down(followLast);
  }

  private up(): void {
    const parent = parentOf(this.path);
    if (this.beyond > 0) {
      this.beyond -= 1;
      if (this.trouble !== 'below-file') this.trouble = 'behind-missing';
      this.path = parent ?? this.path;
      return;
    }
    if (parent !== null) {
      this.path = parent;
      if (this.identities.length > 1) this.identities.pop();
    }
    this.kind = 'directory';
  }

  /** Looks up the name that was just put at the end of the path. */
  private down(followLast: boolean): Unresolvable['refused'] | null {
    let stats: BigIntStats;
    try {
      stats = lstatSync(onDisk(this.path), { bigint: true });
    } catch (error) {
      const code = errno(error);
      if (code === 'ENAMETOOLONG') throw tooLong(this.path);
      this.beyond += 1;
      this.trouble ??= code === 'ENOENT' ? 'missing' : code === 'ENOTDIR' ? 'below-file' : 'hidden';
      return null;
    }
    if (this.isOtherProc(stats)) return 'processes';
    this.kind = kindOf(stats);
    const isLast = this.pending.length === 0;
    if (this.kind !== 'link' || (isLast && !followLast)) {
      this.identify(stats);
      return null;
    }
    this.lastWasLink ||= isLast;
    return this.follow();
  }

  private follow(): Unresolvable['refused'] | null {
    const link = this.path;
    if (this.links.length >= MOST_LINKS) return 'loop';
    let target: RawPath;
    try {
      target = fromDisk(readlinkSync(onDisk(link), 'buffer'));
    } catch {
      this.beyond += 1;
      this.kind = 'directory';
      this.trouble ??= 'hidden';
      return null;
    }
    this.links.push(link);
    checkPathBytes(target);
    const { anchor, names } = splitPath(target);
    if (anchor === null) {
      this.path = parentOf(link) ?? link;
      this.kind = 'directory';
      this.pending.push(...names.toReversed());
    } else {
      this.restart(anchor === '\\' ? (splitPath(link).anchor ?? anchor) : anchor, names);
    }
    return null;
  }

  /** Whether the walk steps onto a procfs that is mounted elsewhere than at `/proc`. */
  private isOtherProc({ dev }: BigIntStats): boolean {
    if (process.platform !== 'linux' || this.path === '/proc' || this.path.startsWith('/proc/')) return false;
    if (this.identities.at(-1)?.startsWith(`${dev}:`) === true) return false;
    try {
      return statfsSync(onDisk(this.path)).type === PROC_SUPER_MAGIC;
    } catch {
      return false;
    }
  }

  private identify(stats: BigIntStats): void {
    const identity = identityOf(stats);
    if (identity !== null) this.identities.push(identity);
  }

  private done(): Resolved {
    const { path, trouble, asDirectory, lastWasLink, links, identities } = this;
    // `missing/..` is a path that the kernel refuses, though the names lead back to something that is there.
    const isTrouble = this.beyond > 0 || trouble === 'behind-missing' || trouble === 'below-file';
    const end: End = trouble !== null && isTrouble ? trouble : { found: this.kind };
    return { path, end, asDirectory, lastWasLink, links, identities };
  }
}

/** `/proc/PID` and what lies below it, and the kernel's memory. */
function isProcess(path: RawPath): boolean {
  return process.platform === 'linux' && /^\/proc\/(?:[0-9]+|kcore)(?:\/|$)/.test(path);
}
