/** Asks git for the files of a workspace, in a way that nothing in the repository can run a program through it. */

import { isUtf8 } from 'node:buffer';
import { execFile } from 'node:child_process';
import { dirname } from 'node:path';

import type { FoundPaths } from './listing.js';

/** Git is missing, or will not answer for this directory; the message says why. */
export class GitRefusal extends Error {}

const MAX_OUTPUT_BYTES = 512 * 1024 * 1024;

/** A file system monitor is a program that the repository's own config may name. */
const SAFE_CONFIG = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=', '-c', 'core.pager=cat'];

/**
 * Paths that are tracked, or neither tracked nor ignored.
 *
 * @throws GitRefusal where there is no git, no repository, or one that git distrusts.
 */
export async function gitPaths(root: string, signal: AbortSignal | undefined): Promise<FoundPaths> {
  const output = await git(root, ['ls-files', '-co', '--exclude-standard', '-z'], signal);
  const found = parsePaths(output);
  if (
    found.paths.length + found.nestedRepositories.length === 0 &&
    (await isIgnoredByRepositoryAround(root, signal))
  ) {
    throw new GitRefusal('the repository around the workspace ignores it as a whole');
  }
  return found;
}

function parsePaths(output: Buffer): FoundPaths {
  const paths: string[] = [];
  const nestedRepositories: string[] = [];
  let unnameable = 0;
  for (let start = 0; start < output.length; ) {
    const end = output.indexOf(0, start);
    const name = output.subarray(start, end === -1 ? output.length : end);
    start += name.length + 1;
    if (!isUtf8(name)) unnameable += 1;
    else if (name.at(-1) === 0x2f) nestedRepositories.push(name.toString('utf8', 0, name.length - 1));
    else paths.push(name.toString('utf8'));
  }
  return { paths, nestedRepositories, unnameable };
}

async function isIgnoredByRepositoryAround(root: string, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    const prefix = await git(root, ['rev-parse', '--show-prefix'], signal);
    if (prefix.toString().trim() === '') return false;
    await git(root, ['check-ignore', '-q', '.'], signal);
    return true;
  } catch {
    return false;
  }
}

function git(root: string, args: readonly string[], signal: AbortSignal | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    execFile(
      'git',
      ['-C', root, ...SAFE_CONFIG, ...args],
      {
        // Windows looks for programs in the working directory first, and the workspace may hold a git.exe.
        cwd: dirname(process.execPath),
        env: gitEnvironment(),
        encoding: 'buffer',
        maxBuffer: MAX_OUTPUT_BYTES,
        windowsHide: true,
        ...(signal === undefined ? {} : { signal }),
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else if (error.code === 'ENOENT') reject(new GitRefusal('git is not installed'));
        else reject(new GitRefusal(firstLine(stderr.toString()) || error.message, { cause: error }));
      },
    );
  });
}

/**
 * Variables such as GIT_DIR (set in hooks) would point git at another repository.
 *
 * A repository that says it is a partial clone would have git fetch what is missing, by a program that it names.
 */
function gitEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^GIT_/i.test(name));
  return {
    ...Object.fromEntries(kept),
    GIT_ALLOW_PROTOCOL: '',
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.replace(/^fatal: /, 'git: ') ?? '';
}
