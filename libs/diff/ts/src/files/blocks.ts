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
  const sections: FileSection[] = [];
  let path: string | null = null;
  for (let at = 0; at < lines.length; at++) {
    if (!SEARCH.test(lines[at]!)) continue;
    const start = at;
    path = nameBefore(lines, start) ?? path;
    if (path === null) throw malformed('no line before the block names its file', start + 1);
    const divider = lines.findIndex((line, index) => index > start && DIVIDER.test(line));
    const end = lines.findIndex((line, index) => index > divider && REPLACE.test(line));
    if (divider < 0 || end < 0) {
      throw malformed(`the block has no ${divider < 0 ? '"======="' : '">>>>>>> REPLACE"'}`, start + 1);
    }
    add(sections, path, {
      search: textOf(lines.slice(start + 1, divider)),
      replace: textOf(lines.slice(divider + 1, end)),
    });
    at = end;
  }
  return sections;
}

function add(sections: FileSection[], path: string, edit: SearchReplace): void {
  const last = sections[sections.length - 1];
  if (edit.search === '') {
    sections.push({ from: null, to: path, keepsSource: false, change: { kind: 'text', text: edit.replace } });
  } else if (last?.change.kind === 'edits' && last.to === path) {
    const edits = [...last.change.edits, edit];
    sections[sections.length - 1] = { ...last, change: { kind: 'edits', edits } };
  } else {
    sections.push({ from: path, to: path, keepsSource: false, change: { kind: 'edits', edits: [edit] } });
  }
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
