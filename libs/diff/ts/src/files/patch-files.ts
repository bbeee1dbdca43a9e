/** A patch of any number of files, worked out in memory: all of it, or nothing. */

import { applyUnifiedDiff } from '../apply';
import type { EngineName } from '@fishplate/engine';

import { DIFF_CODES, type DiffOutcomeCode } from '../codes';
import { applyEdits, type SearchReplace } from '../edits';
import { checkScriptSize, latin1 } from '../fallback/bytes';
import { checkFunction, checkOptions, checkReach, checkText, type TextInput } from '../input';
import { applyChunks } from '../placing/chunks';
import type { Step } from '../placing/ladder';
import type { ChangeOutcome, EngineOption, ReachOption } from '../results';
import type { Chunk } from './envelope';
import { type FileSection, type PatchFormat, parseFileSections, type SectionChange } from './sections';

/** Options of {@link patchFiles}. */
export interface PatchFilesOptions<Text extends TextInput> extends EngineOption, ReachOption {
  /** Gives the text of the file at a path of the patch, or null where there is none. */
  readonly read: (path: string) => Text | null | Promise<Text | null>;
}

/** What a patch does to one file. */
export interface PatchedFile {
  readonly status: 'applied' | 'rejected';
  /** Why it was rejected; the code of its first rejected change, or one of the file's own. */
  readonly code?: DiffOutcomeCode;
  readonly action: 'create' | 'modify' | 'delete' | 'rename' | 'copy';
  readonly path: string;
  /** Where a renamed or copied file comes from. */
  readonly from?: string;
  /** What became of each hunk, chunk or edit. */
  readonly hunks: readonly ChangeOutcome[];
}

/** A file as the patch leaves it; null where it is gone. */
export type NextFile<Text extends TextInput> = {
  readonly text: Text | Buffer | string;
  readonly mode?: string;
} | null;

/** What became of a patch of many files. */
export interface PatchedFiles<Text extends TextInput> {
  /** True where every file was patched. */
  readonly ok: boolean;
  readonly format: PatchFormat;
  /** One outcome for each file section of the patch, in order. */
  readonly files: readonly PatchedFile[];
  /** Indexes into `files` of those that were rejected. */
  readonly rejected: readonly number[];
  /** What to write, by path: empty unless `ok`. Write all of it or none. */
  readonly changes: ReadonlyMap<string, NextFile<Text>>;
}

/**
 * Works out what a patch makes of its files: create, delete, modify, rename, copy and modes, in any format that
 * {@link parseFileSections} reads. Nothing is written.
 *
 * Sections for one file build on each other. A file that is missing, is there already, or does not fit is rejected by
 * a code of `DIFF_OUTCOMES`, and then there is nothing to write.
 *
 * @param patch - Text of the patch. Paths are as it says them: check them before you read or write.
 * @throws FishplateError `PATCH_MALFORMED`, `PATCH_EMPTY`, `PATCH_UNSUPPORTED`, `INPUT_INVALID`, `INPUT_TOO_LARGE`.
 */
export async function patchFiles<Text extends TextInput>(
  patch: string,
  options: PatchFilesOptions<Text>,
): Promise<PatchedFiles<Text>> {
  const given = checkOptions(options);
  checkFunction(given.read, 'read');
  checkReach(given.reach);
  const { format, sections } = parseFileSections(patch, given);
  const now = new Map<string, NextFile<Text>>();
  const touched = new Set<string>();
  const stateOf = async (path: string): Promise<NextFile<Text>> => {
    if (!now.has(path)) {
      const text = await given.read(path);
      now.set(path, text === null ? null : { text: checkText(text, `the text of ${path}`) as Text });
    }
    return now.get(path)!;
  };
  const files: PatchedFile[] = [];
  for (const section of sections) {
    const source = section.from === null ? null : await stateOf(section.from);
    const target = section.to === null ? null : await stateOf(section.to);
    const patched = patchFile(section, source, target, given);
    files.push(patched.file);
    if (patched.file.status === 'rejected') continue;
    const { action, from = patched.file.path, path } = patched.file;
    if (action === 'delete' || action === 'rename') {
      now.set(from, null);
      touched.add(from);
    }
    if (action !== 'delete') {
      now.set(path, { text: patched.text!, ...modeOf(section.mode ?? source?.mode) });
      touched.add(path);
    }
  }
  const rejected = files.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
  const ok = rejected.length === 0;
  const changes = new Map(ok ? [...now].filter(([path]) => touched.has(path)) : []);
  return { ok, format, files, rejected, changes };
}

/** One section onto the texts of its files. */
function patchFile<Text extends TextInput>(
  section: FileSection,
  source: NextFile<Text>,
  target: NextFile<Text>,
  options: EngineOption & ReachOption,
): { file: PatchedFile; text: Text | Buffer | string | null } {
  const { from, to } = section;
  const action = sectionAction(section, source !== null);
  const path = (to ?? from)!;
  const head = { action, path, ...(action === 'rename' || action === 'copy' ? { from: from! } : {}) };
  const reject = (code: DiffOutcomeCode, hunks: readonly ChangeOutcome[] = []) => ({
    file: { status: 'rejected' as const, code, ...head, hunks },
    text: null,
  });
  if (action !== 'create' && source === null) return reject('FILE_MISSING');
  if (action !== 'delete' && action !== 'modify' && target !== null) return reject('FILE_EXISTS');
  const old = action === 'create' ? '' : source!.text;
  const { text, hunks } = changeText(old, section, options);
  if (text === null) return reject(hunks.find(({ code }) => code !== undefined)?.code ?? 'NO_MATCH', hunks);
  if (action === 'delete' && section.change.kind === 'hunks' && text.length > 0) {
    return reject('DELETE_MISMATCH', hunks);
  }
  return { file: { status: 'applied', ...head, hunks }, text: text as Text | Buffer | string };
}

/**
 * What a section does to its file, of which is known whether it is there.
 *
 * @throws FishplateError `INPUT_INVALID`.
 */
export function sectionAction(section: FileSection, isThere: boolean): PatchedFile['action'] {
  checkSection(section);
  const { from, to, keepsSource } = section;
  if (from === null || (!isThere && from === to && startsFromNothing(section))) return 'create';
  if (to === null) return 'delete';
  if (from === to) return 'modify';
  return keepsSource ? 'copy' : 'rename';
}

/** As GNU patch does: a first hunk from line 0 of nothing creates the file that is missing. */
function startsFromNothing({ change }: FileSection): boolean {
  return change.kind === 'hunks' && change.patch.hunks.length === 1 && change.patch.hunks[0]!.oldLines === 0;
}

/**
 * The text that a section of {@link parseFileSections} makes of one, or null with the reasons.
 *
 * What it says of the file itself (its names, its mode, that it goes) is for the caller to do.
 *
 * @throws FishplateError `INPUT_INVALID`, `INPUT_TOO_LARGE`, `OPTION_INVALID`, `PATCH_MALFORMED`.
 */
export function changeText(
  text: TextInput,
  section: FileSection,
  options: EngineOption & ReachOption = {},
): { text: TextInput | null; hunks: readonly ChangeOutcome[]; engine?: EngineName } {
  const old = checkText(text, 'text');
  const given = checkOptions(options);
  checkSection(section);
  const { change } = section;
  switch (change.kind) {
    case 'none':
      return { text: old, hunks: [] };
    case 'text':
      return { text: typeof old === 'string' ? change.text : Buffer.from(change.text), hunks: [] };
    case 'hunks':
      return applyUnifiedDiff(old, change.patch, given);
    case 'edits':
      return inStrings(old, (text, isBytes) => {
        const edits = isBytes
          ? change.edits.map(({ search, replace }) => ({
              search: bytesOf(search),
              replace: bytesOf(replace),
            }))
          : change.edits;
        const { text: edited, edits: hunks, engine } = applyEdits(text, edits, given);
        return { text: edited, hunks, engine };
      });
    case 'chunks':
      return inStrings(old, (text, isBytes) => {
        checkScriptSize(text, 'the text');
        const chunks = isBytes
          ? change.chunks.map((chunk) => ({
              ...chunk,
              anchors: chunk.anchors.map(bytesOf),
              steps: chunk.steps.map(({ kind, line }) => ({ kind, line: bytesOf(line) })),
            }))
          : change.chunks;
        return applyChunks(text, chunks, checkReach(given.reach));
      });
  }
}

function checkSection(section: unknown): asserts section is FileSection {
  const change = (section as Partial<FileSection> | null | undefined)?.change;
  if (typeof change === 'object' && change !== null && isWhole(change)) return;
  throw DIFF_CODES.error('INPUT_INVALID', 'section must be one of parseFileSections');
}

/** Of an object that came over a wire nothing is known but what is looked at; `applyUnifiedDiff` looks at hunks. */
function isWhole(change: Partial<SectionChange>): boolean {
  const all = (list: unknown, isPart: (part: object) => boolean): boolean =>
    Array.isArray(list) &&
    list.every((part: unknown) => typeof part === 'object' && part !== null && isPart(part));
  const areStrings = (...parts: unknown[]): boolean => parts.every((part) => typeof part === 'string');
  switch (change.kind) {
    case 'none':
      return true;
    case 'hunks':
      return Array.isArray(change.patch?.hunks);
    case 'text':
      return areStrings(change.text);
    case 'edits':
      return all(change.edits, (edit: Partial<SearchReplace>) => areStrings(edit.search, edit.replace));
    case 'chunks':
      return all(
        change.chunks,
        ({ anchors, steps }: Partial<Chunk>) =>
          Array.isArray(anchors) &&
          areStrings(...(anchors as unknown[])) &&
          all(steps, ({ kind, line }: Partial<Step>) => areStrings(kind, line)),
      );
    default:
      return false;
  }
}

/** Works on bytes as Latin-1, which keeps each one. */
function inStrings<Result extends { text: string | null }>(
  text: TextInput,
  work: (text: string, isBytes: boolean) => Result,
): Omit<Result, 'text'> & { text: TextInput | null } {
  if (typeof text === 'string') return work(text, false);
  const result = work(latin1(text), true);
  return { ...result, text: result.text === null ? null : Buffer.from(result.text, 'latin1') };
}

/** A string as its UTF-8 bytes, one character each. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function modeOf(mode: string | undefined): { mode?: string } {
  return mode === undefined ? {} : { mode };
}
