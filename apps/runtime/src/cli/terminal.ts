/** What people see: colour on terminals only, times and columns. */

import { visible } from '../text/visible.js';

export { visible, visibleLine } from '../text/visible.js';

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
