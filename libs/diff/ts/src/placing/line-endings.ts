/**
 * Line endings of a patch made to follow those of the text, by the rules of npm diff's `applyPatch`, where a line that has to be
 * found shows the difference.
 */

import type { StructuredPatchHunk } from 'diff';

/** The hunks, with CRLF for LF or the other way round where text and patch each use one kind, and not the same. */
export function convertLineEndings(
  hunks: readonly StructuredPatchHunk[],
  text: string,
): readonly StructuredPatchHunk[] {
  const lines = hunks.flatMap((hunk) =>
    hunk.lines.map((line, index) => ({ line, next: hunk.lines[index + 1] })),
  );
  const isMarker = (line: string | undefined): boolean => line?.startsWith('\\') ?? false;
  const hasCr = ({ line }: { line: string }): boolean => line.endsWith('\r');
  // What is added, and a last line without newline, may end as it likes.
  if (!lines.some(({ line, next }) => /^[^+\\]|^$/.test(line) && !isMarker(next))) return hunks;
  if (text.includes('\r\n') && !/(^|[^\r])\n/.test(text)) {
    if (lines.some((entry) => !isMarker(entry.line) && hasCr(entry))) return hunks;
    return mapLines(hunks, (line, next) =>
      isMarker(line) || hasCr({ line }) || isMarker(next) ? line : `${line}\r`,
    );
  }
  if (!text.includes('\r\n') && text.includes('\n')) {
    const isWindows =
      lines.some(hasCr) &&
      lines.every((entry) => isMarker(entry.line) || hasCr(entry) || isMarker(entry.next));
    if (isWindows) return mapLines(hunks, (line) => (hasCr({ line }) ? line.slice(0, -1) : line));
  }
  return hunks;
}

function mapLines(
  hunks: readonly StructuredPatchHunk[],
  map: (line: string, next: string | undefined) => string,
): StructuredPatchHunk[] {
  return hunks.map((hunk) => ({
    ...hunk,
    lines: hunk.lines.map((line, index) => map(line, hunk.lines[index + 1])),
  }));
}
