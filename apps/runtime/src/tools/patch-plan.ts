/** Works out what a multi-file patch makes of each file, in memory: nothing is written here. */

import { applyUnifiedDiff, type HunkOutcome, parsePatch, type StructuredPatch } from '@fishplate/diff';
import type { EngineChoice, EngineName } from '@fishplate/engine';

import { RUNTIME_CODES, type RuntimeOutcomeCode } from '../codes.js';
import type { FileAccess, FileChange, FileState, NextState } from '../workspace/file-access.js';
import { decodeText, encodeText } from '../workspace/text.js';
import { nameFiles } from './patch-names.js';

/** What a patch does to one file. */
export interface PlannedFile {
  readonly path: string;
  readonly action: 'create' | 'delete' | 'modify' | 'rename' | 'copy';
  /** Where a renamed or copied file comes from. */
  readonly from?: string;
  readonly hunks: readonly HunkOutcome[];
  readonly added: number;
  readonly removed: number;
}

/** Why a file of the patch cannot be done: a code of the runtime, or that of its first rejected hunk. */
export interface PlanProblem {
  readonly path: string;
  readonly code: RuntimeOutcomeCode | 'REJECTED';
  readonly message: string;
}

/** The whole patch, worked out. */
export interface PatchPlan {
  readonly files: readonly PlannedFile[];
  readonly problems: readonly PlanProblem[];
  /** What to write; sound only without problems. Files that stay as they are are left out. */
  readonly changes: readonly FileChange[];
  readonly engine: EngineName | null;
}

/** How to work it out. */
export interface PatchPlanOptions {
  readonly engine: EngineChoice;
  readonly maxFileBytes: number;
}

const EMPTY = Buffer.alloc(0);

/** A file as the parts of the patch seen so far leave it. */
interface Slot {
  readonly before: FileState | null;
  now: NextState | null;
}

/**
 * Plans a patch.
 *
 * @throws FishplateError `PATCH_MALFORMED`, `PATCH_EMPTY`, `PATCH_UNSUPPORTED`, `PATH_...`, `FILE_BINARY` and the like.
 */
export async function planPatch(
  patch: string,
  files: FileAccess,
  options: PatchPlanOptions,
): Promise<PatchPlan> {
  const planner = new Planner(files, options);
  for (const part of parsePatch(patch, { engine: options.engine })) await planner.add(part);
  return planner.finish();
}

class Planner {
  private readonly slots = new Map<string, Slot>();
  private readonly planned: PlannedFile[] = [];
  private readonly problems: PlanProblem[] = [];
  private engine: EngineName | null = null;

  constructor(
    private readonly files: FileAccess,
    private readonly options: PatchPlanOptions,
  ) {}

  async add(part: StructuredPatch): Promise<void> {
    const names = nameFiles(part);
    if (names === null) return;
    const from =
      names.from === null ? null : this.files.resolve(names.from, names.keepsSource ? 'read' : 'write');
    const to = names.to === null ? null : this.files.resolve(names.to, 'write');
    const path = (to ?? from)!;
    const source = from === null ? null : await this.slot(from);
    const target = to === null ? null : await this.slot(to);
    const creates = from === null || (source!.now === null && from === to && startsFromNothing(part));
    const action = creates
      ? 'create'
      : to === null
        ? 'delete'
        : from === to
          ? 'modify'
          : names.keepsSource
            ? 'copy'
            : 'rename';
    if (!creates && source!.now === null) {
      this.problems.push({
        path: from,
        code: 'FILE_NOT_FOUND',
        message: `no file at ${JSON.stringify(from)}`,
      });
      return;
    }
    if (action !== 'delete' && action !== 'modify' && target!.now !== null) {
      this.problems.push({ path, code: 'FILE_EXISTS', message: `${JSON.stringify(path)} is already there` });
      return;
    }
    const old = creates ? EMPTY : source!.now!.bytes;
    const applied = this.apply(part, old, path);
    const comesFrom = action === 'rename' || action === 'copy' ? { from: from! } : {};
    this.planned.push({ path, action, ...comesFrom, hunks: applied.hunks, ...countLines(part) });
    if (applied.bytes === null) {
      this.problems.push({
        path,
        code: 'REJECTED',
        message: `${JSON.stringify(path)} does not fit the patch`,
      });
      return;
    }
    if (action === 'delete' && applied.bytes.length > 0) {
      this.problems.push({
        path,
        code: 'DELETE_MISMATCH',
        message: `${JSON.stringify(path)} would keep ${applied.bytes.length} bytes`,
      });
      return;
    }
    const mode = nextMode(part.newMode, creates ? undefined : (source!.now!.mode ?? source!.before?.mode));
    if (action === 'delete' || action === 'rename') source!.now = null;
    if (target !== null) target.now = { bytes: applied.bytes, mode };
  }

  finish(): PatchPlan {
    if (this.planned.length === 0 && this.problems.length === 0) {
      throw RUNTIME_CODES.error('PATCH_EMPTY', 'the text names no file to patch');
    }
    const changes = [...this.slots].flatMap(([path, { before, now }]) =>
      isSame(before, now) ? [] : [{ path, before, after: now }],
    );
    return { files: this.planned, problems: this.problems, changes, engine: this.engine };
  }

  private async slot(path: string): Promise<Slot> {
    let slot = this.slots.get(path);
    if (slot === undefined) {
      const before = await this.files.read(path, this.options.maxFileBytes);
      slot = { before, now: before === null ? null : { bytes: before.bytes, mode: before.mode } };
      this.slots.set(path, slot);
    }
    return slot;
  }

  private apply(
    part: StructuredPatch,
    old: Buffer,
    path: string,
  ): { bytes: Buffer | null; hunks: readonly HunkOutcome[] } {
    if (part.hunks.length === 0) return { bytes: old, hunks: [] };
    const decoded = decodeText(old, path);
    const { text, hunks, engine } = applyUnifiedDiff(decoded.text, part, { engine: this.options.engine });
    this.engine = engine;
    if (text === null) return { bytes: null, hunks };
    const bytes = encodeText(text, decoded, path);
    if (bytes.length > this.options.maxFileBytes) {
      throw RUNTIME_CODES.error(
        'FILE_TOO_LARGE',
        `${JSON.stringify(path)} would have ${bytes.length} bytes, the limit is ${this.options.maxFileBytes}`,
      );
    }
    return { bytes, hunks };
  }
}

/** As GNU patch does: a first hunk from line 0 of nothing creates the file that is missing. */
function startsFromNothing({ hunks, isRename, isCopy }: StructuredPatch): boolean {
  return hunks.length === 1 && hunks[0]!.oldLines === 0 && !isRename && !isCopy;
}

/** Git tells only whether a file may be executed; who may is taken from who may read. */
function nextMode(gitMode: string | undefined, before: number | undefined): number | undefined {
  if (gitMode === undefined) return before;
  if (gitMode === '100755')
    return before === undefined ? 0o777 & ~process.umask() : before | ((before & 0o444) >> 2);
  return before === undefined ? undefined : before & ~0o111;
}

function isSame(before: FileState | null, now: NextState | null): boolean {
  if (before === null || now === null) return before === null && now === null;
  return before.bytes.equals(now.bytes) && (now.mode === undefined || now.mode === before.mode);
}

function countLines({ hunks }: StructuredPatch): { added: number; removed: number } {
  const lines = hunks.flatMap((hunk) => hunk.lines);
  return {
    added: lines.filter((line) => line.startsWith('+')).length,
    removed: lines.filter((line) => line.startsWith('-')).length,
  };
}
