/** Sources without what is said in them: comments and strings as blanks, every other character where it was. */

/** How comments and strings are written. */
export interface Quoting {
  readonly line: readonly string[];
  readonly block: readonly (readonly [open: string, close: string])[];
  /** Strings that end with their line. */
  readonly quotes: string;
  /** Strings that go on over lines. */
  readonly longQuotes: readonly string[];
  /** A quote of one character only, or of none where it begins a lifetime. */
  readonly characters: boolean;
}

/** One pass; what is never closed is blank up to the end. */
export function mask(source: string, { line, block, quotes, longQuotes, characters }: Quoting): string {
  const parts: string[] = [];
  let kept = 0;
  const blank = (from: number, to: number): void => {
    parts.push(source.slice(kept, from), source.slice(from, to).replace(/[^\r\n]/g, ' '));
    kept = to;
  };
  for (let at = 0; at < source.length; ) {
    const opened = block.find(([open]) => source.startsWith(open, at));
    const long = longQuotes.find((quote) => source.startsWith(quote, at));
    let end: number;
    if (opened !== undefined) end = behind(source, opened[1], at + opened[0].length);
    else if (line.some((mark) => source.startsWith(mark, at))) end = lineEnd(source, at);
    else if (long !== undefined) end = closing(source, long, at + long.length, true);
    else if (characters && source[at] === "'") {
      const found = /'(?:\\.[^'\n]{0,10}|[^'\\\n]{1,2})'/uy;
      found.lastIndex = at;
      end = found.exec(source)?.[0].length ?? 0;
      end += at;
    } else if (quotes.includes(source[at]!)) end = closing(source, source[at]!, at + 1, false);
    else end = at;
    if (end > at) blank(at, end);
    at = Math.max(end, at + 1);
  }
  parts.push(source.slice(kept));
  return parts.join('');
}

function behind(source: string, text: string, from: number): number {
  const found = source.indexOf(text, from);
  return found < 0 ? source.length : found + text.length;
}

function lineEnd(source: string, from: number): number {
  const found = source.indexOf('\n', from);
  return found < 0 ? source.length : found;
}

function closing(source: string, quote: string, from: number, long: boolean): number {
  for (let at = from; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (!long && source[at] === '\n') return at;
    else if (source.startsWith(quote, at)) return at + quote.length;
  }
  return source.length;
}
