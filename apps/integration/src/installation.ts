/** The installation that global-setup.mjs made: where it lies, and how to run what is in it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Directory of the consumer: its node_modules holds the packed packages. */
export const INSTALLED = join(setting('FISHPLATE_INTEGRATION_DIRECTORY'), 'installed');

/** Names of the packages that were packed. */
export const PACKAGES = setting('FISHPLATE_INTEGRATION_PACKAGES').split(' ');

/** The command's file, as npm's bin link points to it. */
export const COMMAND = commandOf(INSTALLED);

/** Both engines, as the environment asks for them and as results report them. */
export const ENGINES = [
  ['native', 'native'],
  ['fallback', 'js'],
] as const;

/** What a process came to. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run a process. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** The command's file in another installation. */
export function commandOf(installed: string): string {
  return join(installed, 'node_modules', 'fishplate', 'dist', 'cli', 'main.js');
}

/** Environment of a user: without what jest, npm and this machine's engine choice add. */
export function userEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name, value]) =>
      value !== undefined && !/^(?:NODE_|npm_|FISHPLATE_|JEST_|GIT_|FORCE_COLOR|NO_COLOR)/.test(name),
  ) as [string, string][];
  return { ...Object.fromEntries(kept), ...extra };
}

/** Runs `node` with these arguments to its end. */
export function runNode(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = startNode(args, options);
  child.stdin?.end(options.input ?? '');
  return ended(child);
}

/** Runs the command `fishplate`. */
export function fishplate(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return runNode([COMMAND, ...args], options);
}

/** Starts `node`, with pipes. */
export function startNode(
  args: readonly string[],
  { cwd = INSTALLED, env = {} }: RunOptions = {},
): ChildProcess {
  return spawn(process.execPath, args, { cwd, env: userEnvironment(env), stdio: 'pipe' });
}

/** Waits for a process to end. */
export function ended(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

const made: string[] = [];

/** A temporary directory with these files; removed after the test file. */
export function makeDirectory(files: Readonly<Record<string, string>> = {}): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'fishplate-e2e-')));
  made.push(directory);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return directory;
}

afterAll(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: global-setup.mjs did not run`);
  return value;
}
