import type { FileAccess, FileState } from '../src/workspace/file-access.js';
import { planPatch } from '../src/tools/patch-plan.js';
import { codeOf } from './workspace.js';

const STAMP = { device: 1n, inode: 7n, size: 2n, modifiedNs: 1n, changedNs: 1n };
const STATE: FileState = { bytes: Buffer.from('a\n'), mode: 0o644, stamp: STAMP };
const options = { engine: 'auto', reach: 'fuzz', maxFileBytes: 1000 } as const;

/** A disk that takes names in either case. */
const disk: FileAccess = {
  name: 'test',
  root: '/',
  resolve: (path) => path,
  read: (path) => Promise.resolve(path.toLowerCase() === 'a.txt' ? STATE : null),
  commit: () => Promise.reject(new Error('nothing is written here')),
  removeEmptyDirectories: () => Promise.resolve(),
};

const modify = (path: string, to: string) => `--- a/${path}\n+++ b/${path}\n@@ -1 +1 @@\n-a\n+${to}\n`;

test('refuses a second spelling of a file, of which one change would be lost', async () => {
  const patch = modify('a.txt', 'b') + modify('A.txt', 'c');
  expect(await codeOf(() => planPatch(patch, disk, { ...options, signal: undefined }))).toBe('PATH_INVALID');
});

test('stops between two files when it is cancelled', async () => {
  const cancelled = new AbortController();
  const seen: string[] = [];
  const files: FileAccess = {
    ...disk,
    read(path) {
      seen.push(path);
      cancelled.abort();
      return disk.read(path, 0);
    },
  };
  const patch = modify('a.txt', 'b') + modify('other.txt', 'c');
  expect(await codeOf(() => planPatch(patch, files, { ...options, signal: cancelled.signal }))).not.toBe(
    'none',
  );
  expect(seen).toEqual(['a.txt']);
});
