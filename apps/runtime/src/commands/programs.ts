/** Programs that run others: what permission rules must look behind. */

import type { Word } from './shell-grammar.js';

/** What a program would run. */
export interface Behind {
  /** Commands, as words. */
  readonly commands: readonly (readonly Word[])[];
  /** Lines for a shell. */
  readonly scripts: readonly string[];
  /** Whether it sets variables for them. */
  readonly setsVariables: boolean;
  /** Why it may run something else; null where it does not. */
  readonly unread: string | null;
}

const NOTHING: Behind = { commands: [], scripts: [], setsVariables: false, unread: null };

const SHELLS = new Set(['sh', 'bash', 'rbash', 'dash', 'zsh', 'ksh', 'mksh', 'ash', 'fish', 'csh', 'tcsh']);

/** They run what stands somewhere in their words, or change what later words mean. */
const UNREAD = new Set([
  ...['eval', 'source', '.', 'trap', 'alias', 'let', 'declare', 'typeset', 'local', 'export', 'readonly'],
  ...[
    'unset',
    'read',
    'mapfile',
    'readarray',
    'getopts',
    'set',
    'shopt',
    'enable',
    'hash',
    'bind',
    'complete',
  ],
  ...[
    'compgen',
    'fc',
    'busybox',
    'toybox',
    'flock',
    'su',
    'runuser',
    'setpriv',
    'watch',
    'chroot',
    'nsenter',
  ],
  ...['unshare', 'parallel', 'sem', 'entr', 'script', 'strace', 'ltrace', 'gdb', 'lldb', 'perf', 'valgrind'],
  ...[
    'chrt',
    'taskset',
    'numactl',
    'prlimit',
    'setarch',
    'systemd-run',
    'at',
    'batch',
    'crontab',
    'ssh',
    'rsh',
  ],
  ...['mosh', 'expect', 'unbuffer', 'tclsh', 'wish', 'osascript', 'screen', 'tmux', 'run-parts', 'fakeroot'],
  ...[
    'faketime',
    'proot',
    'bwrap',
    'firejail',
    'gosu',
    'su-exec',
    'pkexec',
    'runcon',
    'sg',
    'newgrp',
    'chpst',
  ],
  ...['tini', 'dumb-init', 'start-stop-daemon', 'dbus-run-session', 'hyperfine', 'vi', 'vim', 'nvim', 'view'],
  ...[
    'ex',
    'ed',
    'emacs',
    'nano',
    'less',
    'more',
    'man',
    'cpulimit',
    'catchsegv',
    'socat',
    'ncat',
    'nc',
    'cmd',
  ],
  ...['powershell', 'pwsh', 'wsl', 'xvfb-run', 'choom', 'uclampset', 'coproc'],
]);

/** Looks behind the name of a program. */
export function commandsBehind(words: readonly Word[]): Behind {
  const name = programName(words[0] ?? '');
  const rest = words.slice(1);
  if (/^ld(?:-[\w.-]+)?\.so/.test(name)) return { ...NOTHING, unread: `it uses ${name}` };
  if (SHELLS.has(name)) {
    const script = scriptOf(rest);
    return script === null
      ? { ...NOTHING, unread: `${name} runs what is not read` }
      : { ...NOTHING, scripts: [script] };
  }
  if (name === 'eval' && rest.every((word) => word !== null)) {
    return { ...NOTHING, scripts: [rest.join(' ')], unread: 'it uses eval' };
  }
  if (UNREAD.has(name)) return { ...NOTHING, unread: `it uses ${name}` };
  if (name === 'find' || name === 'gfind') return { ...NOTHING, commands: executedBy(rest) };
  return wrappedBy(name, rest);
}

/** The name that counts: without directories, and on Windows' account without its ending. */
export function programName(word: string): string {
  return word
    .slice(Math.max(word.lastIndexOf('/'), word.lastIndexOf('\\')) + 1)
    .replace(/\.(?:exe|cmd|bat|com)$/i, '');
}

/** The text that a shell is given by `-c`; null where that is not just so: a file, its input, or options not known. */
function scriptOf(rest: readonly Word[]): string | null {
  const [option, script] = rest;
  const isPlain = option !== undefined && option !== null && /^-[eilux]*c$/.test(option);
  return isPlain && script !== undefined && script !== null && !/^[-+]/.test(script) ? script : null;
}

/** The commands of `find ... -exec`; `{}` is a name of the disk. */
function executedBy(rest: readonly Word[]): Word[][] {
  const commands: Word[][] = [];
  let current: Word[] | null = null;
  for (const word of rest) {
    if (/^-(?:exec|execdir|ok|okdir)$/.test(word ?? '')) commands.push((current = []));
    else if (word === ';' || (word === '+' && current?.at(-1) === null)) current = null;
    else current?.push(word?.includes('{}') ? null : word);
  }
  return commands;
}

/** Options of a wrapper without and with a word. Any other makes the line opaque. */
interface Wrapper {
  readonly alone: RegExp;
  readonly word: readonly string[];
}

const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  command: { alone: /^-[pvV]+$/, word: [] },
  builtin: { alone: /^$/, word: [] },
  exec: { alone: /^-[cl]+$/, word: ['-a'] },
  nohup: { alone: /^$/, word: [] },
  setsid: { alone: /^-[cfw]+$/, word: [] },
  nice: { alone: /^(?:-\d+|-n-?\d+|--adjustment=-?\d+)$/, word: ['-n'] },
  ionice: { alone: /^(?:-t|-c\d|-n\d)$/, word: ['-c', '-n'] },
  time: { alone: /^-[pvaq]+$/, word: ['-f', '-o'] },
  stdbuf: { alone: /^-[ioe](?:\d+|[0L])$/, word: ['-i', '-o', '-e'] },
  timeout: {
    alone: /^(?:-[fv]+|--foreground|--preserve-status|--verbose|--(?:signal|kill-after)=.*)$/,
    word: ['-s', '-k', '--signal', '--kill-after'],
  },
  env: { alone: /^(?:-|-i|-0|--ignore-environment|--null|--(?:unset|chdir)=.*)$/, word: ['-u', '-C'] },
  sudo: { alone: /^-[AbEeHKknPS]+$/, word: ['-u', '-g', '-h', '-p', '-C', '-D'] },
  doas: { alone: /^-[nLs]+$/, word: ['-u', '-C'] },
  xargs: {
    alone:
      /^(?:-[0rtpx]+|-[nPLsI]\S+|--null|--no-run-if-empty|--(?:max-args|max-procs|max-lines|replace|delimiter)=.*)$/,
    word: ['-I', '-n', '-P', '-d', '-E', '-L', '-s', '-a'],
  },
};

/** The command behind a wrapper. */
function wrappedBy(name: string, rest: readonly Word[]): Behind {
  const options = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name]! : undefined;
  if (options === undefined) return NOTHING;
  const unread: Behind = { ...NOTHING, unread: `${name} runs a command that is not read` };
  const takesVariables = name === 'env' || name === 'sudo';
  let [index, setsVariables, isAfterOptions] = [0, false, false];
  for (; index < rest.length; index += 1) {
    const word = rest[index];
    if (word === null || word === undefined) return unread;
    if (takesVariables && /^[^=/-][^=]*=/.test(word)) setsVariables = true;
    else if (isAfterOptions) break;
    else if (word === '--') isAfterOptions = true;
    else if (options.word.includes(word)) index += 1;
    else if (!word.startsWith('-') || setsVariables) break;
    else if (!options.alone.test(word)) return unread;
  }
  // The first word of timeout is a time.
  const wrapped = rest.slice(name === 'timeout' ? index + 1 : index);
  if (wrapped.length === 0) return { ...NOTHING, setsVariables };
  // Its last words come from its input.
  return { ...NOTHING, setsVariables, commands: [name === 'xargs' ? [...wrapped, null] : wrapped] };
}
