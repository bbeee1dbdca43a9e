/** Makes characters visible that could steer a terminal, turn text round, or hide in it. */

/** Control and format characters (direction, no width, tags), separators of lines, blank letters, and halves of surrogate pairs. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115F\u1160\u2065\u3164\uFFA0]/gu;

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
