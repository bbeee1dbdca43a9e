/**
 * Programs that an option makes run code that they are given, or delete or write files though they are known for reading: a rule
 * for the program does not speak of that.
 */

import { programName } from './programs.js';
import type { Word } from './shell-grammar.js';

/** Finds the first word that makes a program do so. */
type CodeFinder = (args: readonly Word[]) => number;

function option(pattern: RegExp): CodeFinder {
  return (args) => args.findIndex((word) => word === null || pattern.test(word));
}

/** What `-exec` runs is looked at as a command of its own. */
const FIND = /^-(?:delete|fprint(?:0|f)?|fls)$/;

/** An interpreter without a file to run takes its input for one. */
function interpreter(pattern: RegExp): CodeFinder {
  const find = option(pattern);
  return (args) => {
    if (args.length === 1 && /^-(?:[hvV]|-help|-version)$/.test(args[0] ?? '')) return -1;
    const hasFile = args.some((word) => word === null || !word.startsWith('-'));
    return hasFile ? find(args) : Math.max(0, find(args));
  };
}

const GIT_PROGRAMS = new Set([
  ...[
    'bisect',
    'filter-branch',
    'difftool',
    'mergetool',
    'submodule',
    'send-email',
    'config',
    'hook',
    'daemon',
  ],
  ...[
    'for-each-repo',
    'instaweb',
    'web--browse',
    'help',
    'credential',
    'remote-ext',
    'maintenance',
    'gui',
    'p4',
    'svn',
    'shell',
  ],
]);

/** Options of one command of git are harmless ones of another. */
const GIT_OPTIONS: Readonly<Record<string, RegExp>> = {
  clone: /^(?:-c|-u|--(?:u|c|t))|::/,
  rebase: /^(?:-\w*[xi]|--(?:exe|i))/,
  grep: /^(?:-\w*O|--o)/,
  archive: /^(?:-\w*o|--(?:ou|exe))|::/,
};

function gitCode(args: readonly Word[]): number {
  let index = 0;
  for (; index < args.length; index += 1) {
    const word = args[index];
    if (word === null || word === undefined) return index;
    if (word === '-C' || word === '--namespace') index += 1;
    else if (!word.startsWith('-')) break;
    else if (
      !/^(?:-[pP]|--(?:no-pager|version|bare|no-replace-objects|literal-pathspecs|no-optional-locks))$/.test(
        word,
      )
    ) {
      return index;
    }
  }
  const command = args[index];
  if (command === undefined) return -1;
  if (command === null || GIT_PROGRAMS.has(command)) return index;
  const options = Object.hasOwn(GIT_OPTIONS, command)
    ? GIT_OPTIONS[command]!
    : /^--(?:upl|rece|exe|ext|ou(?!tput-i))|^ext::|::/;
  const found = option(options)(args.slice(index + 1));
  return found === -1 ? -1 : index + 1 + found;
}

/** A script of sed that prints, deletes or substitutes, and nothing else. */
const PLAIN_SED =
  /^(?:(?:\d+|\$)(?:,(?:\d+|\$))?)?(?:[pdq=]|s([/|,#:!@])(?:(?!\1)[^\\\n])*\1(?:(?!\1)[^\\\n])*\1[gpI\d]*)$/;

function sedCode(args: readonly Word[]): number {
  let isScript = true;
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index];
    if (word === null || word === undefined) return index;
    if (/^-(?:[nErsuz]+|i[\w.]*)$/.test(word)) continue;
    if (word === '-e') {
      isScript = false;
      index += 1;
      if (!PLAIN_SED.test(args[index] ?? '')) return index - 1;
    } else if (word.startsWith('-')) return index;
    else if (isScript) {
      if (!PLAIN_SED.test(word)) return index;
      isScript = false;
    }
  }
  return -1;
}

const AWK = option(/system|getline|[|>@]|^-[^Fv]/);
const NODE = interpreter(
  /^-(?:[a-z]*[eprC]|-(?:eval|print|require|import|loader|experimental-loader|env-file|conditions))/,
);
const PYTHON = interpreter(/^-(?:\w*[cXi]$|[a-zA-Z]*c)/);

const CODE: Readonly<Record<string, CodeFinder>> = {
  git: gitCode,
  sed: sedCode,
  gsed: sedCode,
  ...Object.fromEntries(['awk', 'gawk', 'mawk', 'nawk', 'original-awk'].map((name) => [name, AWK])),
  ...Object.fromEntries(['python', 'python2', 'python3', 'pypy', 'pypy3'].map((name) => [name, PYTHON])),
  ...Object.fromEntries(['node', 'nodejs', 'bun', 'tsx', 'ts-node'].map((name) => [name, NODE])),
  deno: option(/^(?:eval|repl|-|--ext)/),
  perl: interpreter(/^-\w*[eEMmIdx]/),
  ruby: interpreter(/^-\w*[erIS]/),
  php: interpreter(/^-(?:[rBREdz]|-(?:run|process|define))/),
  lua: interpreter(/^-[eil]/),
  Rscript: interpreter(/^-e/),
  tar: (args) => {
    const bundle = args[0];
    if (bundle === null || /^[A-Za-z]*[IF]/.test(bundle ?? '')) return 0;
    return option(/^(?:-[A-Za-z]*[IF]|--(?:ch|to|us|rs|inf|new-v|rm))/)(args);
  },
  rsync: option(/^(?:-\w*[eM]|--(?:rs|rem))/),
  scp: option(/^-\w*[oSDF]/),
  sftp: option(/^-\w*[oSDFb]/),
  rg: option(/^--(?:pre(?:=|$)|hostname-bin)/),
  sort: option(/^(?:-\w*o|--[co])/),
  find: option(FIND),
  gfind: option(FIND),
  tree: option(/^(?:-\w*o|--output)/),
  split: option(/^--f/),
  zip: option(/^(?:-\w*T|--u)/),
  make: option(/=|^(?:-\w*[fCI]|--(?:ev|f|ma|d|inc))/),
  wget: option(/^(?:-\w*e|--(?:ex|us|con))/),
  curl: option(/^(?:-\w*K|--con)/),
  tcpdump: option(/^-\w*z/),
  cargo: option(/^--c|^\+/),
  rustc: option(/^-C|^-Z|^@/),
  go: option(/^--?(?:exec|toolexec|vettool|ldflags|gccgoflags)|^(?:tool|generate|run)$/),
  npm: option(
    /^(?:exec|x|config|c|set|explore|init|create|--(?:script-shell|node-options|prefix|userconfig|globalconfig|shell|call)|-c)/,
  ),
  cmake: option(/^-[EPC]/),
  gcc: option(/^-wrapper|^-B|^@|^-fplugin/),
  test: option(/^-[vR]$/),
  '[': option(/^-[vR]$/),
  printf: option(/^-v/),
};

/** Which word of a command makes it run what another one says, delete or write; null: none that is known of. */
export function codeIn(words: readonly Word[]): number | null {
  const [name, ...args] = words;
  if (name === undefined || name === null) return null;
  const program = programName(name).replace(/^(python|pypy)\d[\d.]*$/, '$1');
  if (!Object.hasOwn(CODE, program)) return null;
  const found = CODE[program]!(args);
  return found === -1 ? null : found + 1;
}
