/** The unified diff of one file between two moments, with git's headers, so that `git apply` takes it. */

import { unifiedDiffAsync } from '@fishplate/diff';
import { type EngineChoice, isFishplateError } from '@fishplate/engine';

import { isUtf8 } from 'node:buffer';

import { isBinary } from '../workspace/text.js';
import { type Contents, hashOf } from './contents.js';
import type { Entry } from './entry.js';

/** A file at one moment. */
export interface FileMoment {
  readonly bytes: Buffer;
  readonly mode: number;
}

/** What to compare; null stands for no file. */
export interface FileComparison {
  readonly path: string;
  readonly before: FileMoment | null;
  readonly after: FileMoment | null;
}

/** A file's diff. */
export interface FileDiff {
  readonly status: 'created' | 'deleted' | 'modified' | 'unchanged';
  /** With headers; empty where nothing differs. */
  readonly patch: string;
  readonly added: number;
  readonly removed: number;
  /** Algorithm of the diff library, or `none` where no lines were compared. */
  readonly algorithm: string;
  /** Engine of the diff library; null where it was not asked. */
  readonly engine: string | null;
}

const NOTHING = Buffer.alloc(0);

/** Mode by which git tells links. */
const LINK_MODE = 0o120000;

/**
 * What a path was, as something that can be compared: a link by its target, undefined for what has no lines and for contents that are
 * not kept. `current` is a content at hand.
 */
export function momentOf(entry: Entry, contents: Contents, current?: Buffer): FileMoment | null | undefined {
  if (entry === null) return null;
  if (entry.kind === 'directory') return undefined;
  if (entry.kind === 'link') return { bytes: Buffer.from(entry.target), mode: LINK_MODE };
  const { hash, mode } = entry;
  if (hash === null) return undefined;
  if (current !== undefined && hashOf(current) === hash) return { bytes: current, mode };
  try {
    return { bytes: contents.get(hash), mode };
  } catch (error) {
    if (isFishplateError(error) && error.code === 'PREIMAGE_LOST') return undefined;
    throw error;
  }
}

/** Of a file whose lines were not compared. */
export const NOT_COMPARED = { patch: '', added: 0, removed: 0, algorithm: 'none', engine: null } as const;

/** Compares and formats. @throws FishplateError of the diff track; the signal's reason where it is aborted. */
export async function fileDiff(
  { path, before, after }: FileComparison,
  options: { engine: EngineChoice; signal?: AbortSignal | undefined },
): Promise<FileDiff> {
  const status = before === null ? 'created' : after === null ? 'deleted' : 'modified';
  if (before !== null && after !== null && (before.mode === LINK_MODE) !== (after.mode === LINK_MODE)) {
    // Git takes a file that becomes a link as one that goes and one that comes.
    const gone = await fileDiff({ path, before, after: null }, options);
    const come = await fileDiff({ path, before: null, after }, options);
    return { ...come, status, patch: gone.patch + come.patch, removed: gone.removed };
  }
  const oldBytes = before?.bytes ?? NOTHING;
  const newBytes = after?.bytes ?? NOTHING;
  const header = gitHeader(path, before, after);
  if ((before === null && after === null) || (header.length === 1 && oldBytes.equals(newBytes))) {
    return { status: 'unchanged', ...NOT_COMPARED };
  }
  const oldPath = before === null ? '/dev/null' : `a/${path}`;
  const newPath = after === null ? '/dev/null' : `b/${path}`;
  if (isBinary(oldBytes) || isBinary(newBytes)) {
    const patch = [...header, `Binary files ${oldPath} and ${newPath} differ`, ''].join('\n');
    return { status, ...NOT_COMPARED, patch };
  }
  const { engine, signal } = options;
  const {
    patch,
    added,
    removed,
    algorithm,
    engine: used,
  } = await unifiedDiffAsync(oldBytes, newBytes, {
    oldPath,
    newPath,
    engine,
    ...(signal === undefined ? {} : { signal }),
  });
  const body = patch.toString(isUtf8(patch) ? 'utf8' : 'latin1');
  return { status, patch: `${header.join('\n')}\n${body}`, added, removed, algorithm, engine: used };
}

function gitHeader(path: string, before: FileMoment | null, after: FileMoment | null): string[] {
  const lines = [`diff --git ${quoted(`a/${path}`)} ${quoted(`b/${path}`)}`];
  if (before === null && after !== null) lines.push(`new file mode ${gitMode(after.mode)}`);
  if (after === null && before !== null) lines.push(`deleted file mode ${gitMode(before.mode)}`);
  if (before !== null && after !== null && gitMode(before.mode) !== gitMode(after.mode)) {
    lines.push(`old mode ${gitMode(before.mode)}`, `new mode ${gitMode(after.mode)}`);
  }
  return lines;
}

/** Git knows two modes of files only, and one of links. */
function gitMode(mode: number): string {
  if (mode === LINK_MODE) return '120000';
  return (mode & 0o100) === 0 ? '100644' : '100755';
}

/** As git quotes names with control characters, quotes or backslashes. */
function quoted(name: string): string {
  if (
    ![...name].some(
      (character) => character < ' ' || character === '"' || character === '\\' || character === '\x7f',
    )
  ) {
    return name;
  }
  const escaped = [...name].map((character) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    const code = character.charCodeAt(0);
    return code < 32 || code === 127 ? `\\${code.toString(8).padStart(3, '0')}` : character;
  });
  return `"${escaped.join('')}"`;
}
