/** Search/replace blocks, as language models write them into an answer. */

import { DIFF_CODES } from '../codes';
import type { SearchReplace } from '../edits';
import type { FileSection } from './sections';

const SEARCH = /^<{5,9} SEARCH\s*$/;
const DIVIDER = /^={5,9}\s*$/;
const REPLACE = /^>{5,9} REPLACE\s*$/;

/** Whether a line begins a block. */
export function hasBlocks(text: string): boolean {
  return /^<{5,9} SEARCH\s*$/m.test(text);
}

/**
 * Parses the blocks of a text. The file of a block is named on the line before it, a code fence between left aside;
 * a block without a name belongs to the file of the block before.
 *
 * A block with an empty search creates its file.
 *
 * @throws FishplateError `PATCH_MALFORMED` with `details.line`.
 */
export function parseBlocks(text: string): FileSection[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const sections = new Sections();
  let path: string | null = null;
  for (let at = 0; at < lines.length; at++) {
    if (!SEARCH.test(lines[at]!)) continue;
    const start = at;
    path = nameBefore(lines, start) ?? path;
    if (path === null) throw malformed('no line before the block names its file', start + 1);
    const divider = indexFrom(lines, start + 1, DIVIDER);
    if (divider < 0) throw malformed('the block has no "======="', start + 1);
    const end = indexFrom(lines, divider + 1, REPLACE);
    if (end < 0) throw malformed('the block has no ">>>>>>> REPLACE"', start + 1);
    sections.add(path, {
      search: textOf(lines.slice(start + 1, divider)),
      replace: textOf(lines.slice(divider + 1, end)),
    });
    at = end;
  }
  return sections.all;
}

/** Neighbouring blocks of a file are one list of edits. */
class Sections {
  readonly all: FileSection[] = [];
  private open: { path: string; edits: SearchReplace[] } | null = null;

  add(path: string, edit: SearchReplace): void {
    if (edit.search === '') {
      this.open = null;
      this.all.push({
        from: null,
        to: path,
        keepsSource: false,
        change: { kind: 'text', text: edit.replace },
      });
    } else if (this.open?.path === path) {
      this.open.edits.push(edit);
    } else {
      this.open = { path, edits: [edit] };
      const change = { kind: 'edits', edits: this.open.edits } as const;
      this.all.push({ from: path, to: path, keepsSource: false, change });
    }
  }
}

function indexFrom(lines: readonly string[], start: number, pattern: RegExp): number {
  for (let at = start; at < lines.length; at++) if (pattern.test(lines[at]!)) return at;
  return -1;
}

/** The path on the line before a block. */
function nameBefore(lines: readonly string[], start: number): string | null {
  let at = start - 1;
  while (at >= 0 && /^\s*(?:```.*)?$/.test(lines[at]!)) at--;
  const line = lines[at]?.trim().replace(/^[#*`\s]+|[*`:\s]+$/g, '') ?? '';
  return line === '' || REPLACE.test(lines[at]!) || /\s/.test(line) ? null : line;
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

function malformed(message: string, line: number): Error {
  return DIFF_CODES.error('PATCH_MALFORMED', `${message}, at line ${line}`, { details: { line } });
}
