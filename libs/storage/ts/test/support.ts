/** What the tests of stores share: directories, engines, children. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { EngineFlag, OpenOptions } from '../src';
import { openStore } from '../src';
import type { Store } from '../src/store';

export const ENGINES = ['native', 'fallback'] as const;
export type Engine = (typeof ENGINES)[number];
export const PAIRS = ENGINES.flatMap((first) => ENGINES.map((second) => [first, second] as const));

const made: string[] = [];

/** A new directory, removed when the tests of the file have ended. */
export function newDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'fishplate-storage-')));
  made.push(directory);
  return directory;
}

afterAll(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** Runs with an open store and closes it. */
export async function withStore<Result>(
  directory: string,
  engine: EngineFlag,
  run: (store: Store) => Promise<Result> | Result,
  options: OpenOptions = {},
): Promise<Result> {
  const store = await openStore(directory, { ...options, engine });
  try {
    return await run(store);
  } finally {
    await store.close();
  }
}

export function texts(store: Store): string[] {
  return [...store.replay()].map(({ data }) => data.toString());
}

/** The code of the error that a call ends with. */
export async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run();
    return 'none';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** Starts test/child.ts with its arguments, from source. */
export function startChild(args: readonly string[], prefix: readonly string[] = []): ChildProcess {
  const node = [
    process.execPath,
    '--conditions=@fishplate/source',
    '-r',
    join(__dirname, 'register.cjs'),
    join(__dirname, 'child.ts'),
    ...args,
  ];
  const [command, ...rest] = [...prefix, ...node];
  return spawn(command!, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** Lines that a child prints, whole ones alone. */
export class Lines {
  private text = '';
  private readonly wakers: (() => void)[] = [];
  private ended = false;

  constructor(child: ChildProcess) {
    child.stdout!.on('data', (chunk: Buffer) => {
      this.text += chunk.toString();
      for (const wake of this.wakers.splice(0)) wake();
    });
    child.on('close', () => {
      this.ended = true;
      for (const wake of this.wakers.splice(0)) wake();
    });
  }

  get all(): string[] {
    return this.text.split('\n').slice(0, -1);
  }

  async until(count: number): Promise<string[]> {
    while (this.all.length < count && !this.ended) {
      await new Promise<void>((resolve) => this.wakers.push(resolve));
    }
    return this.all;
  }

  async end(): Promise<string[]> {
    while (!this.ended) await new Promise<void>((resolve) => this.wakers.push(resolve));
    return this.all;
  }
}
