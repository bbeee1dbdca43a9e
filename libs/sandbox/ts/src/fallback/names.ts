/**
 * Names in paths: which of them a disk takes for the same, and which of them Windows reads as something else.
 *
 * Functions over text alone: the answers for macOS and Windows are the same on every system, and tested on each.
 */

import { SANDBOX_CODES } from '../codes';
import { type RawPath, toText } from './raw-path';

/** Longest name of one file, in bytes, on the disks of Linux and macOS. */
const NAME_BYTES = 255;
/** Longest path that Linux takes, in bytes, its closing NUL included. */
const PATH_BYTES = 4096;

/** How a disk compares names: byte for byte, as APFS and HFS+ do, or as NTFS does. */
export type Disk = 'exact' | 'apple' | 'windows';

/** The one of this system. */
export const DISK_HERE: Disk =
  process.platform === 'win32' ? 'windows' : process.platform === 'darwin' ? 'apple' : 'exact';

/** Where an absolute path begins, and the names behind that. */
export interface Steps {
  /** Null for a relative path; `\` for one of Windows that begins at the root of whichever drive. */
  readonly anchor: RawPath | null;
  /** A slash at the end is one more name, `.`. */
  readonly names: readonly RawPath[];
}

/** Takes a path apart. @throws FishplateError `NAME_INVALID` where Windows reads it by a directory that nobody named. */
export function splitPath(path: RawPath, disk: Disk = DISK_HERE): Steps {
  const bare = disk === 'windows' ? path.replace(/^\\\\\?\\(?=[A-Za-z]:\\)/, '') : path;
  const drive = disk === 'windows' ? (/^[A-Za-z]:/.exec(bare)?.[0] ?? '') : '';
  const rest = bare.slice(drive.length);
  const separator = disk === 'windows' ? /[\\/]/ : /\//;
  const isRooted = separator.test(rest.charAt(0));
  if (drive !== '' && !isRooted) {
    throw nameError(
      `the path ${quoted(path)} begins in whatever directory its drive is in; name the whole path`,
    );
  }
  const names = rest.split(separator).filter((name) => name !== '');
  if (rest !== '' && separator.test(rest.charAt(rest.length - 1))) names.push('.');
  const root = disk === 'windows' ? `${drive.toUpperCase()}\\` : '/';
  return { anchor: isRooted ? root : null, names };
}

/** The same of a path without `.` and `..`: a root has no names. */
export function splitPlain(path: RawPath, disk: Disk = DISK_HERE): Steps {
  const { anchor, names } = splitPath(path, disk);
  return { anchor, names: names.at(-1) === '.' ? names.slice(0, -1) : names };
}

/** The path of a name in a directory. */
export function joinName(directory: RawPath, name: RawPath, disk: Disk = DISK_HERE): RawPath {
  const slash = disk === 'windows' ? '\\' : '/';
  return directory.endsWith(slash) ? directory + name : directory + slash + name;
}

/** The directory of a path without `.` and `..`; null for a root. */
export function parentOf(path: RawPath, disk: Disk = DISK_HERE): RawPath | null {
  const { anchor, names } = splitPlain(path, disk);
  if (names.length === 0) return null;
  return names.slice(0, -1).reduce((above, name) => joinName(above, name, disk), anchor ?? '');
}

/** The last name of a path without `.` and `..`; empty for a root. */
export function nameOf(path: RawPath, disk: Disk = DISK_HERE): RawPath {
  return splitPlain(path, disk).names.at(-1) ?? '';
}

/**
 * Whether `disk` takes the two for one name. Where its own table is not known to the last character, for one more often than
 * the disk does: a denial then covers both.
 */
export function isSameName(left: RawPath, right: RawPath, disk: Disk = DISK_HERE): boolean {
  return left === right || (disk !== 'exact' && folded(left, disk) === folded(right, disk));
}

/** Whether `path` is `base` or lies below it, by names alone: both absolute, without links, `.` and `..`. */
export function isBelow(path: RawPath, base: RawPath, disk: Disk = DISK_HERE): boolean {
  if (disk === 'exact') return path === base || path.startsWith(base.endsWith('/') ? base : `${base}/`);
  const [steps, wanted] = [splitPlain(path, disk), splitPlain(base, disk)];
  return (
    isSameName(steps.anchor ?? '', wanted.anchor ?? '', disk) &&
    wanted.names.every((name, index) => {
      const step = steps.names[index];
      return step !== undefined && isSameName(step, name, disk);
    })
  );
}

function folded(name: RawPath, disk: Disk): string {
  // Upper case first: it joins letters such as the long s, the Kelvin sign and the final sigma.
  const fold = (text: string): string =>
    Array.from(text, (letter) =>
      Array.from(letter.toUpperCase(), (upper) => upper.toLowerCase()).join(''),
    ).join('');
  const text = toText(name);
  if (disk === 'windows') return fold(text);
  return fold(text.normalize('NFD').replace(INVISIBLE, '')).normalize('NFD');
}

/** Characters that HFS+ leaves out when it compares. */
const INVISIBLE = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/gu;

/** Checks a path, whoever it comes from. @throws FishplateError `NAME_INVALID`. */
export function checkPathBytes(path: RawPath, disk: Disk = DISK_HERE): void {
  if (path === '') throw nameError('the path is empty');
  if (path.length >= PATH_BYTES) throw tooLong(path);
  const nul = path.indexOf('\0');
  if (nul !== -1) throw nameError(`the path holds a NUL at byte ${nul}`);
  const { names } = splitPath(path, disk);
  // Windows counts in UTF-16 units; a name of 255 of those has up to 765 bytes.
  const most = disk === 'windows' ? NAME_BYTES * 3 : NAME_BYTES;
  const longest = Math.max(0, ...names.map((name) => name.length));
  if (longest > most) {
    throw nameError(`a name in the path is ${longest} bytes long; at most ${most} are possible`);
  }
  if (disk !== 'windows') return;
  for (const name of names) if (name !== '.' && name !== '..') checkWindowsName(toText(name));
}

/** The system, or this library, takes no path as long as this. */
export function tooLong(path: RawPath): Error {
  return nameError(`the path is ${path.length} bytes long; at most ${PATH_BYTES - 1} are possible`);
}

/**
 * Checks one name of a path as Windows reads it: device names (`CON`, `NUL.txt`), alternate streams (`a:b`), 8.3 aliases
 * (`PROGRA~1`), a dot or a space at the end, and characters that no name has.
 *
 * @throws FishplateError `NAME_INVALID`.
 */
export function checkWindowsName(name: string): void {
  const problem = WINDOWS_PROBLEMS.find(([holds]) => holds(name))?.[1];
  if (problem !== undefined) throw nameError(`the name ${quoted(name)} ${problem}`);
}

/**
 * Checks the start of a path as Windows reads it: `\\?\`, `\\.\`, `\??\` and shares of other machines go around the rules of
 * names.
 *
 * @throws FishplateError `NAME_INVALID`.
 */
export function checkWindowsStart(path: string): void {
  const start = path.slice(0, 4).replaceAll('/', '\\');
  if (!start.startsWith('\\\\') && !start.startsWith('\\??')) return;
  throw nameError(
    `${quoted(path)} begins as a device or network path; use a drive letter or a relative path`,
  );
}

const WINDOWS_PROBLEMS: readonly (readonly [(name: string) => boolean, string])[] = [
  [(name) => name.includes(':'), 'names an alternate stream; leave the colon out'],
  // eslint-disable-next-line no-control-regex
  [(name) => /[\u0000-\u001f<>"|?*]/.test(name), 'holds a character that no file name on Windows has'],
  [(name) => /[. ]$/.test(name), 'ends in a dot or a space, which Windows drops; leave it out'],
  [isDevice, 'is that of a device, with or without an extension; choose another'],
  [isShortAlias, 'looks like an 8.3 alias of another name; use the long name'],
];

function isDevice(name: string): boolean {
  const stem = name.split('.', 1)[0]!.trimEnd().toUpperCase();
  return /^(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|CLOCK\$|(?:COM|LPT)[0-9\u00b9\u00b2\u00b3])$/.test(stem);
}

/** Up to eight characters with a tilde and a number at the end, and an extension of up to three. */
function isShortAlias(name: string): boolean {
  const [, stem = '', extension = ''] = /^([^.]*)(?:\.(.*))?$/s.exec(name) ?? [];
  return (
    /^.+~[0-9]+$/su.test(stem) &&
    Array.from(stem).length <= 8 &&
    Array.from(extension).length <= 3 &&
    !extension.includes('.')
  );
}

function nameError(message: string): Error {
  return SANDBOX_CODES.error('NAME_INVALID', message);
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 40));
}
