import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  checkPathBytes,
  checkWindowsName,
  checkWindowsStart,
  type Disk,
  isBelow,
  isSameName,
  parentOf,
  splitPath,
} from '../src/fallback/names';
import { toRaw } from '../src/fallback/raw-path';

const same = (left: string, right: string, disk: Disk): boolean =>
  isSameName(toRaw(left), toRaw(right), disk);

test('case twins are one name where the disk says so', () => {
  for (const [left, right] of [
    ['.git', '.GIT'],
    ['Straße', 'STRASSE'],
    ['ΣΑΣ', 'σας'],
    ['\u212a', 'k'],
  ] as const) {
    expect([left, same(left, right, 'exact')]).toEqual([left, false]);
    expect([left, same(left, right, 'apple')]).toEqual([left, true]);
    expect([left, same(left, right, 'windows')]).toEqual([left, true]);
  }
  expect(same('git', 'got', 'windows')).toBe(false);
});

test('both normal forms and invisible characters are one name on disks of Apple', () => {
  for (const [left, right] of [
    ['caf\u00e9', 'cafe\u0301'],
    ['CAF\u00c9', 'cafe\u0301'],
    ['.g\u200cit', '.git'],
  ] as const) {
    expect([left, same(left, right, 'apple'), same(left, right, 'windows')]).toEqual([left, true, false]);
  }
});

test('below is by whole names', () => {
  for (const disk of ['exact', 'apple'] as const) {
    expect(isBelow('/a/b/c', '/a/b', disk)).toBe(true);
    expect(isBelow('/a/b', '/a/b', disk)).toBe(true);
    expect(isBelow('/a/bc', '/a/b', disk)).toBe(false);
    expect(isBelow('/a', '/a/b', disk)).toBe(false);
    expect(isBelow('/a', '/', disk)).toBe(true);
  }
  expect(isBelow('/A/.Git/hooks/x', '/a/.git/HOOKS', 'apple')).toBe(true);
  expect(isBelow('/A/x', '/a', 'exact')).toBe(false);
  expect(isBelow('c:\\A\\x', 'C:\\a', 'windows')).toBe(true);
  expect(isBelow('D:\\a\\x', 'C:\\a', 'windows')).toBe(false);
});

/** Quoted strings of a Rust list that stands before an assertion. */
function rustNames(assertion: string): string[] {
  const source = readFileSync(join(__dirname, '../../core/src/names.rs'), 'utf8');
  const before = source.slice(0, source.indexOf(assertion));
  const list = before
    .slice(before.lastIndexOf('for '))
    .replaceAll(/r("[^"]*")/g, (_, raw: string) => raw.replaceAll('\\', '\\\\'));
  return [...list.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(([text]) =>
    text
      .slice(1, -1)
      .replaceAll(/\\u\{([0-9a-f]+)\}|\\(.)/g, (_, hex: string | undefined, other: string) =>
        hex === undefined ? other : String.fromCodePoint(parseInt(hex, 16)),
      ),
  );
}

test('Windows reads the same names as something else as the Rust core says', () => {
  const bad = rustNames('assert!(check_windows_name(name).is_err()');
  const good = rustNames('assert!(check_windows_name(name).is_ok()');
  expect([bad.length > 15, bad.includes('COM\u00b9'), good.length > 8]).toEqual([true, true, true]);
  for (const name of bad) {
    expect(() => checkWindowsName(name)).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }));
  }
  for (const name of good) expect(() => checkWindowsName(name)).not.toThrow();
  const badStarts = rustNames('assert!(check_windows_start(path).is_err()');
  const goodStarts = rustNames('assert!(check_windows_start(path).is_ok()');
  expect([badStarts, goodStarts.length]).toEqual([expect.arrayContaining(['\\\\?\\C:\\x', '//?/C:/x']), 4]);
  for (const path of badStarts) {
    expect(() => checkWindowsStart(path)).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }));
  }
  for (const path of goodStarts) expect(() => checkWindowsStart(path)).not.toThrow();
});

test('paths of Windows are taken apart by drives, and by both slashes', () => {
  const split = (path: string): unknown => splitPath(path, 'windows');
  expect(split('c:\\a/b')).toEqual({ anchor: 'C:\\', names: ['a', 'b'] });
  expect(split('\\\\?\\C:\\a\\')).toEqual({ anchor: 'C:\\', names: ['a', '.'] });
  expect(split('/a')).toEqual({ anchor: '\\', names: ['a'] });
  expect(split('a\\..\\b')).toEqual({ anchor: null, names: ['a', '..', 'b'] });
  // What they mean depends on where the drive is.
  for (const path of ['C:', 'C:a', 'c:..\\a'])
    expect(() => split(path)).toThrow(/begins in whatever directory/);
  expect(parentOf('C:\\a', 'windows')).toBe('C:\\');
  expect(parentOf('C:\\', 'windows')).toBeNull();
  expect(splitPath('a\\b', 'exact')).toEqual({ anchor: null, names: ['a\\b'] });
});

test('paths that no system takes', () => {
  for (const path of ['', 'a\0b', 'x'.repeat(256), '/x'.repeat(2048), toRaw('é').repeat(128)]) {
    expect(() => checkPathBytes(path, 'exact')).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }));
  }
  for (const path of ['x'.repeat(255), '/x'.repeat(2047), '.', 'a\nb', 'CON', 'a:b']) {
    expect(() => checkPathBytes(path, 'exact')).not.toThrow();
  }
  expect(() => checkPathBytes('dir\\NUL.txt', 'windows')).toThrow(/device/);
});
