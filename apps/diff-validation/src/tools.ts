/** The tools that are asked for the truth. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether a program answers to `--version`. */
export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** True for GNU patch; other programs of that name differ. */
export function isGnuPatch(): boolean {
  return spawnSync('patch', ['--version'], { encoding: 'utf8' }).stdout?.includes('GNU patch') ?? false;
}

/** A file, the patch for it, and what it must become. */
export interface PatchedFile {
  readonly before: Buffer;
  readonly patch: Buffer;
  readonly after: Buffer;
}

/**
 * Applies many patches with one run of a tool, each to a file of its own, and throws at the first wrong file.
 *
 * The patches must name `a/<index>` and `b/<index>`; patches of equal files are empty and left out.
 */
export function applyWith(program: 'git' | 'patch', files: readonly PatchedFile[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'fishplate-validation-'));
  try {
    const tree = join(folder, 'tree');
    mkdirSync(tree);
    files.forEach(({ before }, index) => writeFileSync(join(tree, String(index)), before));
    const patchFile = join(folder, 'all.patch');
    writeFileSync(patchFile, Buffer.concat(files.map(({ patch }) => patch)));
    const args =
      program === 'git'
        ? ['apply', '--unsafe-paths', '--whitespace=nowarn', '--unidiff-zero', patchFile]
        : ['-p1', '--binary', '--fuzz=0', '--quiet', '-i', patchFile];
    // A ceiling keeps git from finding a repository around the temporary folder.
    const env = { ...process.env, GIT_CEILING_DIRECTORIES: folder };
    const result = spawnSync(program, args, { cwd: tree, env, encoding: 'utf8', maxBuffer: 1 << 24 });
    if (result.status !== 0) throw new Error(`${program}: ${result.stderr || result.stdout}`);
    files.forEach(({ after }, index) => {
      const found = readOrEmpty(join(tree, String(index)));
      if (!found.equals(after)) throw new Error(`${program} made another file of pair ${index}`);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What `git merge-file` makes of three texts. */
export function mergeWithGit(
  base: string,
  ours: string,
  theirs: string,
  style: 'merge' | 'diff3' | 'zdiff3',
): string {
  const folder = mkdtempSync(join(tmpdir(), 'fishplate-validation-'));
  try {
    const texts = { ours, base, theirs };
    const names = Object.keys(texts);
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
    const flags = style === 'merge' ? [] : [`--${style}`];
    const args = ['merge-file', '-p', ...flags, ...names.flatMap((name) => ['-L', name]), ...names];
    const result = spawnSync('git', args, { cwd: folder, encoding: 'utf8' });
    if (result.stderr !== '') throw new Error(`git merge-file: ${result.stderr}`);
    return result.stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** GNU patch removes a file that a patch leaves empty. */
function readOrEmpty(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
