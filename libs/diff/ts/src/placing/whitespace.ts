/**
 * White space at the ends of lines: the bytes that C calls so, and no others.
 *
 * Texts given as bytes are compared as Latin-1, where U+00A0 may be the half of a UTF-8 character.
 */

/** The line without white space at both ends. */
export function trim(line: string): string {
  return trimStart(trimEnd(line));
}

/** The line without white space at its end, the newline included. */
export function trimEnd(line: string): string {
  let end = line.length;
  while (end > 0 && isWhiteSpace(line.charCodeAt(end - 1))) end--;
  return line.slice(0, end);
}

/** The line without its indentation. */
export function trimStart(line: string): string {
  return line.slice(indentOf(line).length);
}

/** The white space that a line begins with. */
export function indentOf(line: string): string {
  let start = 0;
  while (start < line.length && isWhiteSpace(line.charCodeAt(start))) start++;
  return line.slice(0, start);
}

function isWhiteSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}
