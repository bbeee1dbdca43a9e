/** What a path may look like: checks on its text alone, before any file is touched. */

import { isAbsolute, relative, resolve, sep } from 'node:path';

import { CONFIG_FILE } from '../config/schema.js';
import { RUNTIME_CODES } from '../codes.js';
import { isWellFormed } from './text.js';

/** What a path is wanted for. */
export type PathPurpose = 'read' | 'write';

const MAX_PATH_LENGTH = 4096;

/** Names that Windows gives to devices, with or without an extension. */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;

/** Characters that HFS+ ignores when it compares names, so that `.g\u200Cit` is `.git`. */
const IGNORED_BY_HFS = /[\u200C-\u200F\u202A-\u202E\u206A-\u206F\uFEFF]/g;

/**
 * Gives a path as the workspace names it: relative, `/` between components, no `.`; `''` is the workspace itself.
 *
 * @param roots the workspace as the caller gave it and as the disk names it.
 * @throws FishplateError `PATH_INVALID`, `PATH_OUTSIDE` or `PATH_PROTECTED`.
 */
export function workspacePath(path: string, roots: readonly string[], purpose: PathPurpose): string {
  const shown = JSON.stringify(path.slice(0, 200));
  if (path === '' || path.length > MAX_PATH_LENGTH || !isWellFormed(path) || path.includes('\0')) {
    throw RUNTIME_CODES.error(
      'PATH_INVALID',
      `${shown} is empty, too long, or holds a null byte or half a character`,
    );
  }
  const inside = isAbsolute(path) ? relativeToRoot(path, roots) : path;
  const components = (process.platform === 'win32' ? inside.replaceAll('\\', '/') : inside)
    .split('/')
    .filter((component) => component !== '' && component !== '.');
  if (components.includes('..')) {
    throw RUNTIME_CODES.error('PATH_OUTSIDE', `${shown} goes up with \`..\``);
  }
  if (process.platform === 'win32') checkWindowsNames(components, shown);
  if (components.some(isGitName)) {
    throw RUNTIME_CODES.error('PATH_PROTECTED', `${shown} lies in a .git directory`);
  }
  const result = components.join('/');
  if (/^\.fishplate(?:$|\/)/i.test(result.replace(IGNORED_BY_HFS, ''))) {
    throw RUNTIME_CODES.error('PATH_PROTECTED', `${shown} lies where the runtime keeps its sessions`);
  }
  if (purpose === 'write' && result.toLowerCase() === CONFIG_FILE) {
    throw RUNTIME_CODES.error('PATH_PROTECTED', `${shown} is the configuration of the runtime`);
  }
  return result;
}

function relativeToRoot(path: string, roots: readonly string[]): string {
  // Compared as written: `..` is refused later, and must not be resolved away here.
  const written = path.split(sep).includes('..') ? path : resolve(path);
  for (const root of roots) {
    const inside = relative(root, written);
    if (!inside.startsWith('..') && !isAbsolute(inside) && !written.split(sep).includes('..')) return inside;
  }
  throw RUNTIME_CODES.error('PATH_OUTSIDE', `${JSON.stringify(path.slice(0, 200))} is not in the workspace`);
}

function checkWindowsNames(components: readonly string[], shown: string): void {
  for (const component of components) {
    if (/[<>:"|?*]/.test(component) || /[. ]$/.test(component) || WINDOWS_DEVICE.test(component)) {
      throw RUNTIME_CODES.error(
        'PATH_INVALID',
        `${shown} holds the name ${JSON.stringify(component)}, which Windows reads otherwise`,
      );
    }
  }
}

function isGitName(component: string): boolean {
  const name = component
    .replace(IGNORED_BY_HFS, '')
    .toLowerCase()
    .replace(/[. ]+$/, '');
  return name === '.git' || /^git~\d+$/.test(name);
}
