/** Special tokens of each encoding, by its number. */

const HARMONY: Record<string, number> = {
  '<|startoftext|>': 199998,
  '<|endoftext|>': 199999,
  '<|reserved_200000|>': 200000,
  '<|reserved_200001|>': 200001,
  '<|return|>': 200002,
  '<|constrain|>': 200003,
  '<|reserved_200004|>': 200004,
  '<|channel|>': 200005,
  '<|start|>': 200006,
  '<|end|>': 200007,
  '<|message|>': 200008,
  '<|reserved_200009|>': 200009,
  '<|reserved_200010|>': 200010,
  '<|reserved_200011|>': 200011,
  '<|call|>': 200012,
  '<|endofprompt|>': 200018,
};
const END_OF_TEXT = { '<|endoftext|>': 50256 };
const SPECIAL: readonly Readonly<Record<string, number>>[] = [
  { '<|endoftext|>': 199999, '<|endofprompt|>': 200018 },
  HARMONY,
  {
    '<|endoftext|>': 100257,
    '<|fim_prefix|>': 100258,
    '<|fim_middle|>': 100259,
    '<|fim_suffix|>': 100260,
    '<|endofprompt|>': 100276,
  },
  END_OF_TEXT,
  { ...END_OF_TEXT, '<|fim_prefix|>': 50281, '<|fim_middle|>': 50282, '<|fim_suffix|>': 50283 },
  END_OF_TEXT,
];
const HARMONY_NUMBER = 1;
const RESERVED = /^<\|reserved_(\d{6})\|>$/;
const isReserved = (token: number): boolean => token >= 200013 && token < 201088;

/** The number of a special token. */
export function specialNumber(encoding: number, name: string): number | undefined {
  const known = SPECIAL[encoding]!;
  if (Object.hasOwn(known, name)) return known[name];
  if (encoding !== HARMONY_NUMBER) return undefined;
  const token = Number(RESERVED.exec(name)?.[1] ?? NaN);
  return isReserved(token) ? token : undefined;
}

/** The name of a special token. */
export function specialName(encoding: number, token: number): string | undefined {
  for (const [name, number] of Object.entries(SPECIAL[encoding]!)) if (number === token) return name;
  return encoding === HARMONY_NUMBER && isReserved(token) ? `<|reserved_${token}|>` : undefined;
}

/** All special tokens between `<|` and `|>`, which no name has inside, in the order of the text. */
export function* specialsIn(
  text: string,
  encoding: number,
  allows: (name: string) => boolean,
): Generator<{ start: number; end: number; token: number }> {
  for (let at = 0; ; ) {
    const start = text.indexOf('<|', at);
    const close = start < 0 ? -1 : text.indexOf('|>', start + 2);
    if (close < 0) return;
    const inside = text.lastIndexOf('<|', close);
    const name = text.slice(inside, close + 2);
    const token = allows(name) ? specialNumber(encoding, name) : undefined;
    if (token !== undefined) {
      yield { start: inside, end: close + 2, token };
      at = close + 2;
    } else at = inside + 2;
  }
}
