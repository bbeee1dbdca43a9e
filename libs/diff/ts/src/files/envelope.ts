/** The `*** Begin Patch` envelope, the format in which several language models are taught to write patches. */

import { DIFF_CODES } from '../codes';
import type { Step } from '../placing/ladder';
import type { FileSection } from './sections';

/** A run of changes of a file, without line numbers. */
export interface Chunk {
  /** Lines behind which the change stands, outermost first (`@@ class A`, `@@ method()`). */
  readonly anchors: readonly string[];
  readonly steps: readonly Step[];
  /** Whether the change ends at the end of the file. */
  readonly isAtEnd: boolean;
}

const BEGIN = '*** Begin Patch';
const END = '*** End Patch';
const ADD = '*** Add File: ';
const DELETE = '*** Delete File: ';
const UPDATE = '*** Update File: ';
const MOVE = '*** Move to: ';
const END_OF_FILE = '*** End of File';

/** Whether the first line that has text, code fences and shell commands aside, begins an envelope. */
export function hasEnvelope(text: string): boolean {
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end).trim();
    if (line === BEGIN) return true;
    if (line !== '' && !/^(?:```|apply_patch\b|cat <<)/.test(line)) return false;
    start = end + 1;
  }
  return false;
}

/**
 * Parses an envelope; text before its first and behind its last line is passed over.
 *
 * @throws FishplateError `PATCH_MALFORMED` with `details.line`.
 */
export function parseEnvelope(text: string): FileSection[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const reader = new Reader(lines, lines.findIndex((line) => line.trim() === BEGIN) + 1);
  const sections: FileSection[] = [];
  for (;;) {
    const line = reader.next();
    if (line === null) throw malformed(`${END} is missing`, lines.length);
    if (line.trim() === END) return sections;
    if (line.trim() !== '') sections.push(section(line, reader));
  }
}

/** Lines with a place in them. */
class Reader {
  constructor(
    private readonly lines: readonly string[],
    private at: number,
  ) {}

  /** 1-based number of the line that came last. */
  get number(): number {
    return this.at;
  }

  next(): string | null {
    return this.lines[this.at] === undefined ? null : this.lines[this.at++]!;
  }

  /** The next line, if `accepts` it. */
  nextIf(accepts: (line: string) => boolean): string | null {
    const line = this.lines[this.at];
    return line !== undefined && accepts(line) ? this.next() : null;
  }
}

function section(header: string, reader: Reader): FileSection {
  const { number } = reader;
  const path = (marker: string): string => {
    const name = header.slice(marker.length).trim();
    if (name === '') throw malformed(`"${marker.trim()}" names no file`, number);
    return name;
  };
  const keepsSource = false;
  if (header.startsWith(ADD)) {
    const lines = readWhile(reader, (line) => line === '' || line.startsWith('+'));
    const text = lines.map((line) => `${line.slice(1)}\n`).join('');
    return { from: null, to: path(ADD), keepsSource, change: { kind: 'text', text } };
  }
  if (header.startsWith(DELETE)) {
    return { from: path(DELETE), to: null, keepsSource, change: { kind: 'none' } };
  }
  if (!header.startsWith(UPDATE)) {
    throw malformed(`"${header.slice(0, 60)}" is none of ${ADD}, ${DELETE}, ${UPDATE} and ${END}`, number);
  }
  const from = path(UPDATE);
  const moved = reader
    .nextIf((line) => line.startsWith(MOVE))
    ?.slice(MOVE.length)
    .trim();
  const chunks = [...readChunks(reader)];
  if (chunks.length === 0 && moved === undefined) {
    throw malformed(`the update of ${JSON.stringify(from)} changes nothing`, number);
  }
  return {
    from,
    to: moved ?? from,
    keepsSource,
    change: chunks.length === 0 ? { kind: 'none' } : { kind: 'chunks', chunks },
  };
}

function* readChunks(reader: Reader): Generator<Chunk> {
  for (;;) {
    const anchors: string[] = [];
    let hasHeader = false;
    for (let line; (line = reader.nextIf((next) => /^@@(?:\s|$)/.test(next))) !== null; ) {
      hasHeader = true;
      const anchor = line.slice(2).trim();
      // The header of a unified hunk has numbers that models make up; what it says behind them is an anchor.
      const section = /^-\d+(?:,\d+)? \+\d+(?:,\d+)? @@(.*)$/.exec(anchor)?.[1] ?? anchor;
      if (section.trim() !== '') anchors.push(section.trim());
    }
    const steps = readWhile(reader, isChange).map(stepOf);
    const isAtEnd = reader.nextIf((line) => line.trim() === END_OF_FILE) !== null;
    if (steps.length === 0) {
      if (hasHeader) throw malformed('no line to change follows `@@`', reader.number);
      return;
    }
    if (steps.every(({ kind }) => kind === 'context')) {
      throw malformed('a change has neither a line with - nor one with +', reader.number);
    }
    yield { anchors, steps, isAtEnd };
  }
}

/** The lines that `accepts`; empty ones at their end stand between parts and belong to none. */
function readWhile(reader: Reader, accepts: (line: string) => boolean): string[] {
  const lines: string[] = [];
  for (let line; (line = reader.nextIf(accepts)) !== null; ) lines.push(line);
  while (lines[lines.length - 1] === '') lines.pop();
  return lines;
}

function isChange(line: string): boolean {
  return line === '' || /^[-+ ]/.test(line);
}

function stepOf(line: string): Step {
  const kind = line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : 'context';
  return { kind, line: `${line.slice(1)}\n` };
}

function malformed(message: string, line: number): Error {
  return DIFF_CODES.error('PATCH_MALFORMED', `${message}, at line ${line}`, { details: { line } });
}
