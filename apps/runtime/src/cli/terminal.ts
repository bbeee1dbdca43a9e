/** What people see: colour on terminals only, control characters made visible, times and columns. */

/** Colours and weights; each gives plain text back where the stream is no terminal. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  cyan(text: string): string;
  yellow(text: string): string;
}

/** Colour where `stream` is a terminal that wants it: `NO_COLOR` turns it off, `FORCE_COLOR` on (0 is off). */
export function createStyle(
  stream: { readonly isTTY?: boolean | undefined },
  env: Readonly<Record<string, string | undefined>> = process.env,
): Style {
  const forced = env['FORCE_COLOR'];
  const wanted =
    forced === undefined
      ? stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
      : forced !== '0';
  const paint =
    (start: number, end: number) =>
    (text: string): string =>
      wanted ? `\u001b[${start}m${text}\u001b[${end}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    cyan: paint(36, 39),
    yellow: paint(33, 39),
  };
}

/** Control characters, and those that turn the direction of text round or have no width. */
const INVISIBLE = /[\p{Cc}\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/gu;

/** Text from files, tools or the network in a form that cannot steer a terminal: line ends and tabs stay. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => {
    if (character === '\n' || character === '\t') return character;
    const code = character.codePointAt(0)!;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return code === 0x7f ? '\u2421' : `\\u{${code.toString(16)}}`;
  });
}

/** Text for one line: line ends are made visible too. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll('\n', '\u240A');
}

/** Milliseconds in six columns or more, such as `12.3 ms` or `1.20 s`. */
export function formatDuration(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds.toFixed(1)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

/** `diff native, files node-fs`. */
export function formatEngines(engines: Readonly<Record<string, string>>): string {
  return Object.entries(engines)
    .map(([part, engine]) => `${part} ${engine}`)
    .join(', ');
}

/** The text cut to `width` columns, with an ellipsis where something is missing. */
export function fit(text: string, width: number): string {
  return text.length <= width ? text.padEnd(width) : `${text.slice(0, width - 1)}\u2026`;
}

/** Paints a unified diff by the first character of each line. */
export function paintDiff(patch: string, style: Style): string {
  return visible(patch)
    .split('\n')
    .map((line) => {
      if (line.startsWith('+++') || line.startsWith('---') || line.startsWith('diff '))
        return style.bold(line);
      if (line.startsWith('+')) return style.green(line);
      if (line.startsWith('-')) return style.red(line);
      return line.startsWith('@@') ? style.cyan(line) : line;
    })
    .join('\n');
}
