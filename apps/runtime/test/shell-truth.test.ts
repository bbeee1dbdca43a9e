/** What real shells run, against what the rules were told of: lines made by a seeded generator, commands that leave a mark. */

import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { permissionFor } from '../src/commands/permissions.js';
import { parseShellLine } from '../src/commands/shell-line.js';

/** More by hand: `FISHPLATE_SHELL_LINES=20000`. */
const LINES = Number(process.env['FISHPLATE_SHELL_LINES'] ?? 400);
const SEED = Number(process.env['FISHPLATE_SHELL_SEED'] ?? 20_261_130);

const MAY = { deny: [], ask: [], allow: ['ok', 'ok *', 'env *', 'sh -c *'], otherwise: 'ask' } as const;
const MAY_NOT = { deny: ['bad', 'bad *'], ask: [], allow: [], otherwise: 'allow' } as const;

function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** No `()` and no `function`: a function that calls itself twice is a fork bomb. */
const NOISE = [
  ...[
    ' ',
    '\t',
    '\r',
    '\v',
    '\f',
    '\u00a0',
    '#',
    "'",
    '"',
    '`',
    '\\',
    '\n',
    '\\\n',
    ';',
    '&',
    '|',
    '<',
    '>',
    '$',
  ],
  ...[
    '$(',
    ')',
    '${x:-',
    '}',
    '{',
    '<<E',
    '\nE\n',
    '0<<E',
    '<<-E',
    "<<'E'",
    '<(',
    "$'",
    '((',
    '))',
    '$((',
    '=',
    '!',
  ],
  ...[
    'case x in x)',
    'esac',
    'if',
    'then',
    'fi',
    '[[',
    ']]',
    '2',
    '0',
    '*',
    '~',
    '-',
    '--',
    'x',
    'for x do',
    'done',
  ],
  ...[
    'ok',
    'bad',
    ' ok ',
    ' bad ',
    ';bad',
    '\nbad\n',
    '&&',
    '||',
    '|&',
    '&>',
    '>&',
    '<&',
    '<<<',
    '$x',
    '$?',
    ',',
    '^',
  ],
] as const;

function makeLine(next: (below: number) => number, depth = 0): string {
  const pick = <Item>(items: readonly Item[]): Item => items[next(items.length)]!;
  const name = (): string => pick(['ok', 'ok', 'ok', 'ok', 'bad']);
  const inner = (): string => (depth > 2 ? name() : makeLine(next, depth + 1));
  const word = (): string =>
    pick([
      () => 'a',
      () => "'q; bad'",
      () => '"q && bad"',
      () => `$(${inner()})`,
      () => `"$(${inner()})"`,
      () => `\`${name()}\``,
      () => '"${x:-d}"',
      () => `"\${x:-'$(${inner()})}"`,
      () => 'b\\;c',
      () => '>f',
      () => '2>&1',
      () => '$((1+2))',
      () => '#c',
    ])();
  const simple = (): string => [name(), ...Array.from({ length: next(3) }, word)].join(' ');
  return pick([
    simple,
    simple,
    () => `${inner()}${pick(['; ', ' && ', ' || ', ' | ', ' & ', '\n', ' |& '])}${inner()}`,
    () => `(${inner()})`,
    () => `{ ${inner()}; }`,
    () => `if ${inner()}; then ${inner()}; else ${inner()}; fi`,
    () => `for x in 1 2; do ${inner()}; done`,
    () => `case a in a) ${inner()};; esac`,
    () => `! ${simple()}`,
    () => `x=1 ${simple()}`,
    () => `env ${simple()}`,
    () => `sh -c '${name()}; ${name()}'`,
    () => `eval '${name()}'`,
    () => `${simple()} <<E\n$(${name()})\nE\n${name()}`,
    () => `${simple()} <<'E' 0<<-F\n$(bad)\nE\n\tF\n${name()}`,
    () => `ok <(${inner()})`,
    () => `${simple()} # ${name()}`,
    () => `time ${simple()}`,
  ])();
}

function spoil(line: string, next: (below: number) => number): string {
  let spoiled = line;
  for (let times = next(4); times > 0; times -= 1) {
    const at = next(spoiled.length + 1);
    spoiled = spoiled.slice(0, at) + NOISE[next(NOISE.length)]! + spoiled.slice(at + next(2));
  }
  return spoiled;
}

function noise(next: (below: number) => number): string {
  return Array.from({ length: 2 + next(10) }, () => NOISE[next(NOISE.length)]!).join('');
}

const isBomb = (line: string): boolean => /\(\s*\)|\(\\\n\)|function|coproc/.test(line);

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fishplate-shell-'));
  await mkdir(join(directory, 'bin'));
  for (const name of ['ok', 'bad']) {
    const stub = join(directory, 'bin', name);
    await writeFile(stub, '#!/bin/sh\nprintf "%s\\n" "${0##*/}" >> "$MARKS"\n');
    await chmod(stub, 0o755);
  }
  await symlink('/usr/bin/env', join(directory, 'bin', 'env'));
  await symlink('/bin/sh', join(directory, 'bin', 'sh'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** The names of the commands that ran, and of the files that the shell made. */
async function ran(shell: string, line: string, id: number): Promise<{ names: string[]; files: string[] }> {
  const marks = join(directory, `marks-${id}`);
  const cwd = join(directory, `cwd-${id}`);
  await mkdir(cwd);
  await new Promise<void>((resolve) => {
    const env = { PATH: join(directory, 'bin'), MARKS: marks, LC_ALL: 'C' };
    const child = execFile(shell, ['-c', line], { cwd, env, timeout: 2000, killSignal: 'SIGKILL' }, () =>
      resolve(),
    );
    child.stdin?.end();
  });
  const text = await readFile(marks, 'utf8').catch(() => '');
  const files = await readdir(cwd);
  await rm(marks, { force: true });
  await rm(cwd, { recursive: true, force: true });
  return { names: text.split('\n').filter((name) => name !== ''), files };
}

const onUnix = process.platform === 'win32' ? test.skip : test;

onUnix(
  'no line runs a command or writes a file that the rules were not told of',
  async () => {
    const next = random(SEED);
    const figures = { allowed: 0, clear: 0, marks: 0, files: 0 };
    const failures: unknown[] = [];
    const lines = Array.from({ length: LINES }, () => {
      const kind = next(4);
      return kind === 0 ? makeLine(next) : kind === 1 ? noise(next) : spoil(makeLine(next), next);
    }).filter((line) => !isBomb(line) && !line.includes('\0'));
    const check = async (line: string, id: number): Promise<void> => {
      const { segments, opaque } = parseShellLine(line);
      const may = permissionFor({ command: line }, MAY).decision;
      const mayNot = permissionFor({ command: line }, MAY_NOT).decision;
      if (may === 'allow') figures.allowed += 1;
      if (opaque === null) figures.clear += 1;
      const told = new Set(segments.map(({ words }) => words[0]));
      for (const shell of ['/bin/bash', '/bin/sh']) {
        const { names, files } = await ran(shell, line, id);
        figures.marks += names.length;
        figures.files += files.length;
        const isUntold = opaque === null && names.some((name) => !told.has(name));
        const isBad = names.includes('bad') && (may === 'allow' || mayNot === 'allow');
        const isWritten = files.length > 0 && may === 'allow';
        if (isUntold || isBad || isWritten) {
          failures.push({ shell, line, names, files, told: [...told], opaque, may, mayNot });
        }
      }
    };
    const queue = lines.entries();
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (const [id, line] of queue) await check(line, id);
      }),
    );
    expect(failures).toEqual([]);
    // The lines are such that there is something to find.
    expect(figures.marks).toBeGreaterThan(LINES / 2);
    expect(figures.files).toBeGreaterThan(LINES / 20);
    expect(figures.clear).toBeGreaterThan(LINES / 20);
    expect(figures.allowed).toBeGreaterThan(LINES / 50);
  },
  120_000,
);
