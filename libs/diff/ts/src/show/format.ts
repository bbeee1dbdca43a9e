/** Patches to look at: with colours for terminals, and as HTML. */

import { FILE_HEADERS_ONLY, formatPatch, type StructuredPatch, type StructuredPatchHunk } from 'diff';

import { DIFF_CODES } from '../codes';
import { checkOptions, describe } from '../input';
import { patchesOf } from '../parse';
import type { EngineOption } from '../results';
import { refineChange, type Refinement, type RefinementUnit, type Segment } from './refine';

/** Options of {@link formatAnsi} and {@link formatHtml}. */
export interface ShowOptions extends EngineOption {
  /** What is marked within changed lines; `word` unless given, `none` for whole lines only. */
  readonly refine?: RefinementUnit | 'none';
}

/** Lines of a patch as they are shown. */
type ShownKind = 'header' | 'hunk' | 'context' | 'removed' | 'added' | 'marker';
interface ShownLine {
  readonly kind: ShownKind;
  readonly segments: readonly Segment[];
}

/**
 * A patch with colours for terminals (SGR sequences of ECMA-48): removed lines red, added ones green, what changed
 * within them in reverse video.
 *
 * Control characters of the patch are shown as their symbols (U+2400 and on), so that no text can steer the terminal.
 *
 * @param patch - Unified diff text, or objects of `parsePatch` or `structuredPatch`.
 * @throws FishplateError `PATCH_MALFORMED`, `INPUT_INVALID`, `OPTION_INVALID`.
 */
export function formatAnsi(
  patch: string | StructuredPatch | readonly StructuredPatch[],
  options: ShowOptions = {},
): string {
  const colours: Record<ShownKind, string> = {
    ...{ header: '1', hunk: '36', context: '', removed: '31', added: '32', marker: '2' },
  };
  return shownLines(patch, options)
    .map(({ kind, segments }) => {
      const text = segments
        .map(({ text: piece, changed }) =>
          changed ? `\u001b[7m${visible(piece)}\u001b[27m` : visible(piece),
        )
        .join('');
      return colours[kind] === '' ? `${text}\n` : `\u001b[${colours[kind]}m${text}\u001b[0m\n`;
    })
    .join('');
}

/**
 * A patch as HTML: a `pre` of class `diff` with a `span` for each line, of class `diff-header`, `diff-hunk`,
 * `diff-context`, `diff-removed`, `diff-added` or `diff-marker`; what changed within lines in `del` and `ins`.
 *
 * All text is escaped; the result has no attributes but classes, and no style.
 *
 * @param patch - Unified diff text, or objects of `parsePatch` or `structuredPatch`.
 * @throws FishplateError `PATCH_MALFORMED`, `INPUT_INVALID`, `OPTION_INVALID`.
 */
export function formatHtml(
  patch: string | StructuredPatch | readonly StructuredPatch[],
  options: ShowOptions = {},
): string {
  const lines = shownLines(patch, options).map(({ kind, segments }) => {
    const tag = kind === 'removed' ? 'del' : 'ins';
    const text = segments
      .map(({ text: piece, changed }) => (changed ? `<${tag}>${escaped(piece)}</${tag}>` : escaped(piece)))
      .join('');
    return `<span class="diff-${kind}">${text}</span>\n`;
  });
  return `<pre class="diff">${lines.join('')}</pre>`;
}

function shownLines(
  patch: string | StructuredPatch | readonly StructuredPatch[],
  options: ShowOptions,
): ShownLine[] {
  const given = checkOptions(options);
  const { refine = 'word', engine } = given;
  if (!['word', 'character', 'none'].includes(refine)) {
    throw DIFF_CODES.error(
      'OPTION_INVALID',
      `refine must be word, character or none, and is ${describe(refine)}`,
    );
  }
  const refined = (removed: string, added: string): Refinement | null =>
    refine === 'none'
      ? null
      : refineChange(removed, added, { unit: refine, ...(engine === undefined ? {} : { engine }) });
  return patchesOf(patch, given).flatMap((file) => [
    ...headerOf(file).map((text): ShownLine => ({ kind: 'header', segments: plain(text) })),
    ...file.hunks.flatMap((hunk) => hunkLines(hunk, refined)),
  ]);
}

function headerOf(patch: StructuredPatch): string[] {
  const isNamed = patch.oldFileName !== undefined || patch.newFileName !== undefined;
  if (!isNamed) return [];
  return formatPatch({ ...patch, hunks: [] }, FILE_HEADERS_ONLY)
    .split('\n')
    .filter((line) => line !== '');
}

function hunkLines(
  hunk: StructuredPatchHunk,
  refined: (removed: string, added: string) => Refinement | null,
): ShownLine[] {
  const { oldStart, oldLines, newStart, newLines, lines } = hunk;
  const start = (first: number, count: number): number => (count === 0 ? first - 1 : first);
  const shown: ShownLine[] = [
    {
      kind: 'hunk',
      segments: plain(
        `@@ -${start(oldStart, oldLines)},${oldLines} +${start(newStart, newLines)},${newLines} @@`,
      ),
    },
  ];
  for (let at = 0; at < lines.length; ) {
    const removed = run(lines, at, '-');
    const added = run(lines, removed.end, '+');
    if (removed.lines.length + added.lines.length === 0) {
      shown.push({ kind: lines[at]!.startsWith('\\') ? 'marker' : 'context', segments: plain(lines[at]!) });
      at++;
      continue;
    }
    const both = removed.lines.length > 0 && added.lines.length > 0;
    const change = both ? refined(removed.text, added.text) : null;
    shown.push(...cut('removed', '-', removed, change?.removed), ...cut('added', '+', added, change?.added));
    at = added.end;
  }
  return shown;
}

/** Lines of one marker that follow each other, with the `\` lines between them. */
interface Run {
  readonly lines: readonly string[];
  readonly text: string;
  readonly end: number;
}

function run(lines: readonly string[], start: number, marker: string): Run {
  let at = start;
  while (lines[at]?.startsWith(marker) || (at > start && lines[at]?.startsWith('\\'))) at++;
  const own = lines.slice(start, at);
  const text = own.flatMap((line) => (line.startsWith('\\') ? [] : [line.slice(1)])).join('\n');
  return { lines: own, text, end: at };
}

/** The segments of a run, line by line; those that are changed whole lines are not marked again. */
function cut(
  kind: 'removed' | 'added',
  marker: string,
  { lines, text }: Run,
  segments: readonly Segment[] = [{ text, changed: false }],
): ShownLine[] {
  const isWhole = segments.every(({ changed }) => changed);
  const pieces: Segment[][] = [[]];
  for (const { text: piece, changed } of segments) {
    piece.split('\n').forEach((part, index) => {
      if (index > 0) pieces.push([]);
      if (part !== '') pieces[pieces.length - 1]!.push({ text: part, changed: changed && !isWhole });
    });
  }
  let next = 0;
  return lines.map((line): ShownLine => {
    if (line.startsWith('\\')) return { kind: 'marker', segments: plain(line) };
    return { kind, segments: [...plain(marker), ...pieces[next++]!] };
  });
}

function plain(text: string): Segment[] {
  return [{ text, changed: false }];
}

/** Control characters but the tab as the symbols that Unicode has for them, and those of C1 as numbers. */
function visible(text: string): string {
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, (character) => {
    const code = character.charCodeAt(0);
    if (code === 0x7f) return '\u2421';
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : `<${code.toString(16)}>`;
  });
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
