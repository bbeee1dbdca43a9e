/** Works out what a multi-file patch makes of each file, in memory: nothing is written here. */

import {
  changeText,
  type ChangeOutcome,
  type DiffOutcomeCode,
  type FileSection,
  type MatchStrategy,
  parseFileSections,
  type PatchFormat,
  sectionAction,
  unifiedDiffAsync,
} from '@fishplate/diff';
import type { EngineChoice, EngineName } from '@fishplate/engine';

import { throwIfCancelled } from '../cancellation.js';
import { RUNTIME_CODES, type RuntimeOutcomeCode } from '../codes.js';
import type { FileAccess, FileChange, FileState, NextState } from '../workspace/file-access.js';
import { type DecodedText, decodeText, encodeText, withLineEnds } from '../workspace/text.js';

/** What a patch does to one file. */
export interface PlannedFile {
  readonly path: string;
  readonly action: 'create' | 'delete' | 'modify' | 'rename' | 'copy';
  /** Where a renamed or copied file comes from. */
  readonly from?: string;
  readonly hunks: readonly ChangeOutcome[];
  readonly added: number;
  readonly removed: number;
}

/** Why a file of the patch cannot be done. */
export interface PlanProblem {
  readonly path: string;
  /** `REJECTED` where hunks of the file were; their own codes say why. */
  readonly code: Extract<RuntimeOutcomeCode, 'FILE_NOT_FOUND'> | DiffOutcomeCode | 'REJECTED';
  readonly message: string;
}

/** The whole patch, worked out. */
export interface PatchPlan {
  readonly files: readonly PlannedFile[];
  readonly problems: readonly PlanProblem[];
  /** What to write; sound only without problems. Files that stay as they are are left out. */
  readonly changes: readonly FileChange[];
  readonly engine: EngineName | null;
  readonly format: PatchFormat;
}

/** How to work it out. */
export interface PatchPlanOptions {
  readonly engine: EngineChoice;
  readonly reach: MatchStrategy;
  readonly maxFileBytes: number;
  readonly signal: AbortSignal | undefined;
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
 * @throws FishplateError `PATCH_MALFORMED`, `PATCH_EMPTY`, `PATCH_UNSUPPORTED`, `PATH_...`, `FILE_BINARY`, `CANCELLED` and the like.
 */
export async function planPatch(
  patch: string,
  files: FileAccess,
  options: PatchPlanOptions,
): Promise<PatchPlan> {
  const planner = new Planner(files, options);
  const { format, sections } = parseFileSections(patch, { engine: options.engine });
  for (const section of sections) {
    throwIfCancelled(options.signal);
    await planner.add(section);
  }
  return { ...planner.finish(), format };
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

  async add(section: FileSection): Promise<void> {
    const { keepsSource } = section;
    const from =
      section.from === null ? null : this.files.resolve(section.from, keepsSource ? 'read' : 'write');
    const to = section.to === null ? null : this.files.resolve(section.to, 'write');
    const path = (to ?? from)!;
    const source = from === null ? null : await this.slot(from);
    const target = to === null ? null : await this.slot(to);
    const action = sectionAction({ ...section, from, to }, source !== null && source.now !== null);
    if (action !== 'create' && source!.now === null) {
      this.problems.push({
        path: from!,
        code: 'FILE_NOT_FOUND',
        message: `no file at ${JSON.stringify(from)}`,
      });
      return;
    }
    if (action !== 'delete' && action !== 'modify' && target!.now !== null) {
      this.problems.push({ path, code: 'FILE_EXISTS', message: `${JSON.stringify(path)} is already there` });
      return;
    }
    const old = action === 'create' ? EMPTY : source!.now!.bytes;
    const applied = this.apply(section, old, path);
    const comesFrom = action === 'rename' || action === 'copy' ? { from: from! } : {};
    this.planned.push({
      path,
      action,
      ...comesFrom,
      hunks: applied.hunks,
      ...(await this.counts(old, action === 'delete' ? EMPTY : (applied.bytes ?? old))),
    });
    if (applied.bytes === null) {
      this.problems.push({
        path,
        code: 'REJECTED',
        message: `${JSON.stringify(path)} does not fit the patch`,
      });
      return;
    }
    if (action === 'delete' && section.change.kind === 'hunks' && applied.bytes.length > 0) {
      this.problems.push({
        path,
        code: 'DELETE_MISMATCH',
        message: `${JSON.stringify(path)} would keep ${applied.bytes.length} bytes`,
      });
      return;
    }
    const mode = nextMode(
      section.mode,
      action === 'create' ? undefined : (source!.now!.mode ?? source!.before?.mode),
    );
    if (action === 'delete' || action === 'rename') source!.now = null;
    if (target !== null) target.now = { bytes: applied.bytes, mode };
  }

  finish(): Omit<PatchPlan, 'format'> {
    const changes = [...this.slots].flatMap(([path, { before, now }]) =>
      isSame(before, now) ? [] : [{ path, before, after: now }],
    );
    return { files: this.planned, problems: this.problems, changes, engine: this.engine };
  }

  private async slot(path: string): Promise<Slot> {
    let slot = this.slots.get(path);
    if (slot === undefined) {
      const before = await this.files.read(path, this.options.maxFileBytes);
      this.refuseSecondName(path, before);
      slot = { before, now: before === null ? null : { bytes: before.bytes, mode: before.mode } };
      this.slots.set(path, slot);
    }
    return slot;
  }

  /** Where a disk takes names in either case, two spellings would be two changes of one file, and one would be lost. */
  private refuseSecondName(path: string, found: FileState | null): void {
    for (const [known, { before }] of this.slots) {
      const isSameFile = found !== null && before?.stamp.inode === found.stamp.inode;
      if (!isSameFile || known.toLowerCase() !== path.toLowerCase()) continue;
      throw RUNTIME_CODES.error(
        'PATH_INVALID',
        `${JSON.stringify(path)} is the file that the patch names ${JSON.stringify(known)} before`,
        { hint: 'Spell the path of one file in one way.' },
      );
    }
  }

  /** Lines that are added and removed, as a diff would show them. */
  private async counts(old: Buffer, now: Buffer): Promise<{ added: number; removed: number }> {
    const { engine, signal } = this.options;
    const cancel = signal === undefined ? {} : { signal };
    const { added, removed } = await unifiedDiffAsync(old, now, { engine, context: 0, ...cancel });
    return { added, removed };
  }

  private apply(
    section: FileSection,
    old: Buffer,
    path: string,
  ): { bytes: Buffer | null; hunks: readonly ChangeOutcome[] } {
    if (section.change.kind === 'none') return { bytes: old, hunks: [] };
    const decoded = decodeText(old, path);
    const { text, hunks, engine } = changeText(decoded.text, inLineEnds(section, decoded), this.options);
    this.engine = engine ?? this.engine;
    if (text === null) return { bytes: null, hunks };
    return { bytes: encodeText(text as string, decoded, path, this.options.maxFileBytes), hunks };
  }
}

/** Search/replace blocks take the line ends of their file, as in `edit_file`. */
function inLineEnds(section: FileSection, { lineEnds }: DecodedText): FileSection {
  if (section.change.kind !== 'edits') return section;
  const edits = section.change.edits.map(({ search, replace }) => ({
    search: withLineEnds(search, lineEnds),
    replace: withLineEnds(replace, lineEnds),
  }));
  return { ...section, change: { kind: 'edits', edits } };
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
