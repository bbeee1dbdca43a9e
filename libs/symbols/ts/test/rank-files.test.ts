import { createSymbolIndex, type FileSymbols, rankFiles, renderMap, type SymbolIndex } from '../src/index';

const ENGINES = ['native', 'fallback'] as const;

function declared(path: string, names: string[], references: Record<string, number> = {}): FileSymbols {
  const symbols = names.map((name, line) => ({
    ...{ name, kind: 'function' as const, line, column: 9, exported: true },
    signature: `export function ${name}()`,
  }));
  return { path, symbols, references };
}

const FILES = [
  declared('src/app.ts', ['startApplication'], { parseDocument: 3, get: 9, renderPage: 1 }),
  declared('src/parser.ts', ['parseDocument', 'parseBlock'], { tokenizeText: 2 }),
  declared('src/lexer.ts', ['tokenizeText', 'get']),
  declared('src/page.ts', ['renderPage'], { parseBlock: 1 }),
  declared('src/other.ts', ['unrelatedThing', 'get']),
];

function indexOf(files: readonly FileSymbols[], engine: (typeof ENGINES)[number]): SymbolIndex {
  const index = createSymbolIndex({ engine });
  index.updateFiles(files);
  return index;
}

describe.each(ENGINES)('%s', (engine) => {
  test('what the focus uses comes first, and what that uses behind it', () => {
    const ranked = rankFiles(indexOf(FILES, engine), { focus: ['src/app.ts'] });
    const order = ranked.map(({ path }) => path);
    expect(ranked.filter(({ focused }) => focused).map(({ path }) => path)).toEqual(['src/app.ts']);
    expect(order.indexOf('src/parser.ts')).toBeLessThan(order.indexOf('src/other.ts'));
    expect(order.indexOf('src/lexer.ts')).toBeLessThan(order.indexOf('src/other.ts'));
    expect(ranked[0]!.outline).toBe('src/app.ts\n  1: export function startApplication()');
  });

  test('a focus can be a directory or a name', () => {
    const index = indexOf([...FILES, declared('lib/far.ts', ['farAway'])], engine);
    const scores = (focus: string[]) =>
      new Map(rankFiles(index, { focus }).map(({ path, score }) => [path, score] as const));
    expect(scores(['lib/']).get('lib/far.ts')).toBeGreaterThan(scores(['src']).get('lib/far.ts')!);
    expect(scores(['renderPage']).get('src/page.ts')).toBeGreaterThan(
      scores(['parseBlock']).get('src/page.ts')!,
    );
    expect(scores(['nothing of that name']).get('src/app.ts')).toBeGreaterThan(0);
  });

  test('scores add up to one, and do not depend on the order of updates', () => {
    const ranked = rankFiles(indexOf(FILES, engine), { focus: ['src/app.ts'] });
    const turned = rankFiles(indexOf([...FILES].reverse(), engine), { focus: ['src/app.ts'] });
    expect(turned).toEqual(ranked);
    const total = ranked.reduce((sum, { score }) => sum + score, 0);
    expect(total).toBeCloseTo(1, 6);
  });

  test('outlines fit the budget, by the tokens of the caller', () => {
    const index = indexOf(FILES, engine);
    const countTokens = (text: string): number => text.split(/\s+/).filter(Boolean).length;
    let shown = -1;
    for (const budgetTokens of [0, 4, 10, 20, 40, 1000]) {
      const ranked = rankFiles(index, { focus: ['src/app.ts'], budgetTokens, countTokens });
      const map = renderMap(ranked);
      expect(countTokens(map)).toBeLessThanOrEqual(budgetTokens);
      expect(ranked.length).toBeGreaterThanOrEqual(shown);
      shown = ranked.length;
    }
    expect(shown).toBe(FILES.length);
  });

  test('an index of nothing, and options that are none', () => {
    const index = createSymbolIndex({ engine });
    expect(rankFiles(index)).toEqual([]);
    expect(() => rankFiles(index, { budgetTokens: 0.5 })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
    expect(() => rankFiles(index, { focus: 'src' as never })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
    index.close();
    expect(() => rankFiles(index)).toThrow(expect.objectContaining({ code: 'SYMBOLS_CLOSED' }));
  });
});

test('both engines give the same scores', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fff_ffff;
    return (seed >>> 8) % below;
  };
  const name = (): string =>
    ['get', 'x', 'parseUserName', '_private', 'Shape'][random(5)]! + String(random(60));
  const files = Array.from({ length: 60 }, (_, at) =>
    declared(
      `d${random(5)}/f${at}.ts`,
      Array.from({ length: random(6) }, name),
      Object.fromEntries(Array.from({ length: random(12) }, () => [name(), 1 + random(9)])),
    ),
  );
  for (const focus of [[], ['d1'], ['parseUserName3', 'd2/']]) {
    const [native, fallback] = ENGINES.map((engine) => rankFiles(indexOf(files, engine), { focus }));
    expect(fallback).toEqual(native);
  }
});
