/** Symbols of seeded repositories, of all scripts and styles. */

import type { FileSymbols, SymbolInput } from '../src/index';
import { SYMBOL_KINDS } from '../src/index';

/** Whole numbers below a bound, the same for the same seed (mulberry32). */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const WORDS = [
  'get set user name file path read write parse format index search token config manager handler event',
  'http url json utf 8 base 64 x y id io to from with is has on message receive buffer stream value key',
  'café straße naïve Ångström данные имя λόγος όνομα 名前 取得 変数 이름 İstanbul ﬁle 😀 ñandú e\u0301t',
]
  .join(' ')
  .split(' ');

const FOLDERS = ['src', 'lib', 'core', 'utils', 'api', 'src/http', 'test', 'café', 'win\\dir', '😀'];

export type Random = ReturnType<typeof seeded>;

export function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[random(values.length)]!;
}

/** A name of some words, in one of the styles that languages have. */
export function nameOf(random: Random): string {
  const words = Array.from({ length: 1 + random(4) }, () => pick(random, WORDS));
  const capital = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1);
  switch (random(7)) {
    case 0:
      return words.join('_');
    case 1:
      return words.map(capital).join('');
    case 2:
      return words.join('_').toUpperCase();
    case 3:
      return words.join('-').normalize('NFD');
    case 4:
      return `_${words.join('')}`;
    case 5:
      return words.map((word, at) => (at % 2 === 0 ? word.toUpperCase() : capital(word))).join('');
    default:
      return words.map((word, at) => (at === 0 ? word : capital(word))).join('');
  }
}

export function symbolOf(random: Random): SymbolInput {
  const line = random(500);
  const column = random(40);
  return {
    name:
      random(60) === 0 ? pick(random, ['', '_', '$', '<=>', 'operator==', 'x'.repeat(300)]) : nameOf(random),
    kind: pick(random, SYMBOL_KINDS),
    line,
    column,
    ...(random(2) === 0 ? {} : { endLine: line + random(30), endColumn: random(50) }),
    ...(random(2) === 0 ? {} : { container: pick(random, ['.', '::', '#']) + nameOf(random) }),
    ...(random(3) === 0 ? {} : { container: nameOf(random) }),
    ...(random(2) === 0 ? {} : { signature: `fn ${nameOf(random)}(…)` }),
    ...(random(2) === 0 ? {} : { exported: random(2) === 0 }),
  };
}

export function fileOf(random: Random, symbols = 30): FileSymbols {
  const path = `${pick(random, FOLDERS)}/${nameOf(random)}.${pick(random, ['ts', 'rs', 'py', 'go'])}`;
  const references = Array.from({ length: random(10) }, () => [nameOf(random), 1 + random(9)] as const);
  return {
    path,
    symbols: Array.from({ length: random(symbols) }, () => symbolOf(random)),
    ...(random(2) === 0 ? {} : { references: Object.fromEntries(references) }),
  };
}

/** A query as a person types it for a name, or nonsense. */
export function queryOf(random: Random, name: string): string {
  const letters = [...name];
  const start = random(letters.length);
  switch (random(9)) {
    case 0:
      return name;
    case 1:
      return letters.slice(0, 1 + random(letters.length)).join('');
    case 2:
      return letters.slice(start, start + 1 + random(8)).join('');
    case 3:
      return letters.filter(() => random(3) !== 0).join('');
    case 4:
      return letters.filter((letter, at) => at === 0 || letter !== letter.toLowerCase()).join('');
    case 5: {
      const swapped = [...letters];
      [swapped[start], swapped[start + 1]] = [swapped[start + 1] ?? 'q', swapped[start] ?? 'q'];
      return swapped.join('');
    }
    case 6:
      return `${pick(random, ['src', 'lib/', 'core user', 'User', 'caf'])}${pick(random, [' ', '/', '.', '::', '#'])}${name}`;
    case 7:
      return `${name.toLowerCase()} ${pick(random, ['src/a', 'lib/utils'])}`;
    default:
      return Array.from({ length: random(12) }, () => pick(random, [...'aeioustrn_. /:Zq'])).join('');
  }
}
