/** Which variables a command gets. */

import type { EnvPolicy } from './policy';

const CORE = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LANGUAGE', 'TERM', 'TZ'];
/** Programs on Windows do not start without these. */
const CORE_OF_WINDOWS = ['SYSTEMROOT', 'SYSTEMDRIVE', 'WINDIR', 'COMSPEC', 'PATHEXT', 'USERPROFILE'];

/** Where the host has none: a command without it finds no program. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The environment of a command: inherited, passed on, of the call, set by the policy; later wins. */
export function environmentOf(
  policy: EnvPolicy = {},
  call: Readonly<Record<string, string>> = {},
  own: NodeJS.ProcessEnv = process.env,
  platform: string = process.platform,
): Record<string, string> {
  const isWindows = platform === 'win32';
  // There `Path` and `PATH` are one name.
  const same = (name: string): string => (isWindows ? name.toUpperCase() : name);
  const core = isWindows ? [...CORE, ...CORE_OF_WINDOWS] : CORE;
  const isCore = (name: string): boolean => core.includes(same(name)) || name.startsWith('LC_');
  const passed = new Set((policy.pass ?? []).map(same));
  const isInherited = (name: string): boolean =>
    passed.has(same(name)) || (policy.inherit !== 'none' && isCore(name));
  // Asking this process' variables for all of their values takes Node as long as half of a command's start.
  const names = Reflect.ownKeys(own).filter((name) => typeof name === 'string' && isInherited(name));
  const inherited = (names as string[])
    .map((name) => [name, own[name]] as const)
    .filter(([, value]) => value !== undefined);
  const path = policy.inherit !== 'none' && !isWindows ? { PATH: DEFAULT_PATH } : {};
  return { ...path, ...(Object.fromEntries(inherited) as Record<string, string>), ...call, ...policy.set };
}
