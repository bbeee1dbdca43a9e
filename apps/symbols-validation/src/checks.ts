/** What is checked: each answer is compared with one that is found without the index. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isFishplateError } from '@fishplate/engine';
import { createSymbolIndex, loadSymbolIndex, type SymbolIndex } from '@fishplate/symbols';
import type { AskedEngine, Check } from '@fishplate/validation';

const VERBS = ['get', 'set', 'load', 'parse', 'format', 'resolve', 'create', 'remove', 'handle', 'compute'];
const NOUNS = [
  'User',
  'Order',
  'Buffer',
  'Token',
  'HTTPRequest',
  'Path',
  'Größe',
  '名前',
  'Window',
  'Account',
];
const PARTS = ['Name', 'Id', 'List', 'Config', 'State', 'Cache', 'Error', 'Index', 'Stream', 'Key'];

const PER_FILE = 50;

/** The name of a number: all are different. */
function nameOf(number: number): string {
  const [verb, noun, part] = [
    VERBS[number % 10]!,
    NOUNS[Math.floor(number / 10) % 10]!,
    PARTS[Math.floor(number / 100) % 10]!,
  ];
  return `${verb}${noun}${part}${number < 1000 ? '' : Math.floor(number / 1000)}`;
}

function filled(engine: AskedEngine, symbols: number): SymbolIndex {
  const index = createSymbolIndex({ engine });
  for (let start = 0; start < symbols; start += PER_FILE) {
    const length = Math.min(PER_FILE, symbols - start);
    index.updateFile(
      `src/folder${Math.floor(start / 500)}/file${start / PER_FILE}.ts`,
      Array.from({ length }, (_, line) => ({
        name: nameOf(start + line),
        kind: 'function' as const,
        line,
        column: 0,
        container: `Class${start / PER_FILE}`,
      })),
    );
  }
  return index;
}

/** @param symbols how many the index has */
export function checks(symbols: number): Check[] {
  return [
    {
      name: 'names are found by themselves, their beginning and a typo',
      run(engine) {
        const index = filled(engine, symbols);
        const step = Math.max(1, Math.floor(symbols / 40));
        let queries = 0;
        for (let number = 0; number < symbols; number += step) {
          const name = nameOf(number);
          const swapped = `${name.slice(0, 2)}${name[3]}${name[2]}${name.slice(4)}`;
          expect(index.query(name)[0]?.name === name, `${name} is not found first`);
          expect(
            index.query(swapped, { limit: 100 }).some((hit) => hit.name === name),
            `${swapped} does not find ${name}`,
          );
          const start = name.slice(0, -1);
          const begins = index.query(start, { limit: 10_000, fuzzy: false });
          const wanted = Array.from({ length: symbols }, (_, other) => nameOf(other)).filter((other) =>
            other.startsWith(start),
          );
          const found = new Set(begins.map((hit) => hit.name));
          expect(
            wanted.every((other) => found.has(other)),
            `${start} does not find all that begin with it`,
          );
          queries += 3;
        }
        return `${queries} queries, ${symbols} symbols`;
      },
    },
    {
      name: 'edits are seen at once',
      run(engine) {
        const index = filled(engine, symbols);
        index.updateFile('new.ts', [{ name: 'entirelyNew', kind: 'class', line: 1, column: 2 }]);
        expect(index.query('entirelyNew')[0]?.path === 'new.ts', 'a new symbol is not found');
        index.updateFile('new.ts', []);
        expect(index.query('entirelyNew', { fuzzy: false }).length === 0, 'a symbol that is gone is found');
        expect(index.removeFile('new.ts') && !index.removeFile('new.ts'), 'a file is not removed');
        return `${index.stats().symbols} symbols`;
      },
    },
    {
      name: 'a thousand edits leave memory where it was',
      run(engine) {
        const index = filled(engine, symbols);
        const edit = (round: number) =>
          index.updateFile(
            `edited${round % 10}.ts`,
            Array.from({ length: 100 }, (_, line) => ({
              name: `edit${round % 13}Of${line}`,
              kind: 'field' as const,
              line,
              column: 0,
            })),
          );
        for (let round = 0; round < 100; round++) edit(round);
        const before = index.stats().memoryBytes;
        for (let round = 0; round < 1000; round++) edit(round);
        const after = index.stats().memoryBytes;
        expect(after < before * 1.5, `${before} bytes became ${after}`);
        return `${before} bytes, then ${after}`;
      },
    },
    {
      name: 'what is saved is loaded, and what is damaged is refused',
      async run(engine, folder) {
        const index = filled(engine, symbols);
        const file = join(folder, 'index');
        await index.save(file);
        const loaded = await loadSymbolIndex(file, { engine });
        const [one, other] = [index, loaded].map((own) => JSON.stringify(own.query('getUs', { limit: 200 })));
        expect(one === other, 'the loaded index answers otherwise');
        const bytes = readFileSync(file);
        const damaged = `${file}.damaged`;
        for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 50)) {
          const changed = Buffer.from(bytes);
          changed[at] = bytes[at]! ^ 0x10;
          writeFileSync(damaged, changed);
          const code = await loadSymbolIndex(damaged, { engine }).then(
            () => 'none',
            (error: unknown) => (isFishplateError(error) ? error.code : String(error)),
          );
          expect(code === 'SYMBOLS_DAMAGED', `byte ${at} changed: ${code}`);
        }
        return `${bytes.length} bytes`;
      },
    },
    {
      name: 'both engines write the same file',
      nativeOnly: true,
      async run(_, folder) {
        const written = [];
        for (const engine of ['native', 'fallback'] as const) {
          const file = join(folder, engine);
          await filled(engine, symbols).save(file);
          written.push(readFileSync(file));
        }
        expect(written[0]!.equals(written[1]!), 'they differ');
        return `${written[0]!.length} bytes`;
      },
    },
  ];
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
