/**
 * Permission rules for commands: each part of a compound command is looked at by itself.
 *
 * They say what a person wants to be asked about. What a program does once it runs is for the sandbox to hold: no reading of a line
 * can tell that.
 */

import { programName } from './programs.js';
import { parseArguments, parseShellLine, type Segment, type ShellLine } from './shell-line.js';

/** Rules, as the configuration holds them. The strictest that matches counts: deny, then ask, then allow. */
export interface PermissionRules {
  /** Never run. */
  readonly deny: readonly string[];
  /** Run only after a person has said yes. */
  readonly ask: readonly string[];
  /** Run without asking. */
  readonly allow: readonly string[];
  /** What becomes of commands that no rule names. */
  readonly otherwise: 'allow' | 'ask' | 'deny';
}

/** What the rules come to for one command. */
export interface Permission {
  readonly decision: 'allow' | 'ask' | 'deny';
  /** In words. */
  readonly reason: string;
  /** The rule that decided, or `otherwise`. */
  readonly rule: string;
}

/** What `run_command` is given: a program with arguments, or a line for the shell. */
export interface CommandInput {
  readonly command: string;
  readonly args?: readonly string[] | undefined;
}

const STRICTNESS = { allow: 0, ask: 1, deny: 2 } as const;

/** Looks at every part of a command; the strictest answer counts. */
export function permissionFor(input: CommandInput, rules: PermissionRules): Permission {
  const line =
    input.args === undefined ? parseShellLine(input.command) : parseArguments(input.command, input.args);
  const answers = line.segments.map((segment) => permissionOf(segment, rules));
  answers.push(...written(line, rules), ...hiddenParts(line, rules));
  return answers.reduce(
    (strictest, answer) =>
      STRICTNESS[answer.decision] > STRICTNESS[strictest.decision] ? answer : strictest,
    { decision: 'allow', reason: 'every part of it is allowed', rule: 'allow' },
  );
}

/** A rule speaks of a program, not of the file that the shell writes for it. */
function written({ writes }: ShellLine, { otherwise }: PermissionRules): Permission[] {
  const [target] = writes;
  if (target === undefined) return [];
  const reason = `a redirection writes ${target ?? 'a file'}, which no rule allows`;
  return [{ decision: otherwise, reason, rule: 'otherwise' }];
}

/** A part that cannot be read might be one that a rule denies; one that looks so is taken for it. */
function hiddenParts(line: ShellLine, rules: PermissionRules): Permission[] {
  const { opaque, possible, text } = line;
  const { deny, ask, otherwise } = rules;
  if (opaque === null || (deny.length === 0 && ask.length === 0 && otherwise === 'allow')) return [];
  const reason = `not all of its parts can be told: ${opaque}`;
  const answers: Permission[] = [
    { decision: otherwise === 'deny' ? 'deny' : 'ask', reason, rule: 'otherwise' },
  ];
  const words = looseWords(text);
  for (const rule of deny) {
    const isSeen =
      possible.some((segment) => matchesLoosely(rule, segment)) ||
      words.some((_, index) => matchesLoosely(rule, { words: words.slice(index) }));
    if (isSeen)
      answers.push({ decision: 'deny', reason: `${reason}, and one may be denied`, rule: `deny ${rule}` });
  }
  return answers;
}

/** What stands in a line, without regard for quotes and operators. */
function looseWords(text: string): string[] {
  return text
    .slice(0, MAX_LOOSE_LENGTH)
    .replace(/\\\n|["'\\]/g, '')
    .split(/[\s;&|()<>`{}$=,]+/)
    .filter((word) => word !== '');
}

/** Longest beginning of an opaque line that is searched for what is denied; such a line is asked about anyway. */
const MAX_LOOSE_LENGTH = 10_000;

function permissionOf(segment: Segment, rules: PermissionRules): Permission {
  const shown = segment.words
    .map((word) => word ?? '…')
    .join(' ')
    .slice(0, 200);
  for (const decision of ['deny', 'ask'] as const) {
    const rule = rules[decision].find((pattern) => matchesLoosely(pattern, segment));
    if (rule !== undefined)
      return { decision, reason: `${shown} is matched by the rule`, rule: `${decision} ${rule}` };
  }
  const allowing = rules.allow.find((pattern) => allows(pattern, segment));
  if (allowing !== undefined) {
    return { decision: 'allow', reason: `${shown} is allowed`, rule: `allow ${allowing}` };
  }
  const isCode =
    segment.code !== null && rules.allow.some((pattern) => matchesExactly(pattern, segment.words));
  const reason = isCode
    ? `${shown} runs what it is given, and no rule names ${segment.words[segment.code] ?? 'that'}`
    : `no rule names ${shown}`;
  return { decision: rules.otherwise, reason, rule: 'otherwise' };
}

/**
 * Whether a rule allows a command. Variables can make another program of it (PATH, LD_PRELOAD, GIT_SSH_COMMAND): none does
 * then. A word that makes the program run other things must be named by the rule, as in `git -c *`.
 */
function allows(rule: string, { words, hasAssignments, code }: Segment): boolean {
  if (hasAssignments || !matchesExactly(rule, words)) return false;
  const named = code === null ? '' : wordsOf(rule)[code];
  return named !== undefined && !named.includes('*');
}

/** Its words are the first words of the command, the program named as the rule names it, so that `./git` is no `git`. */
function matchesExactly(rule: string, words: Segment['words']): boolean {
  const patterns = wordsOf(rule);
  return patterns.every((pattern, index) => {
    if (pattern === '*' && index === patterns.length - 1) return index > 0 || words[0] != null;
    const word = words[index];
    return word != null && wildcard(pattern).test(word);
  });
}

/**
 * As {@link matchesExactly}, and wider: the program counts by its last name in letters of any case, a word that only the
 * shell can tell is taken for the one that is looked for, and options may stand between the words.
 */
function matchesLoosely(rule: string, { words }: Pick<Segment, 'words'>): boolean {
  const [program, ...patterns] = wordsOf(rule);
  const [name, ...args] = words;
  if (program === undefined || name === undefined) return false;
  if (
    name !== null &&
    !wildcard(program, 'i').test(programName(name)) &&
    !wildcard(program, 'i').test(name)
  ) {
    return false;
  }
  return matchesBehind(patterns, args);
}

function matchesBehind(patterns: readonly string[], args: Segment['words']): boolean {
  let next = 0;
  for (const [index, pattern] of patterns.entries()) {
    if (pattern === '*' && index === patterns.length - 1) return true;
    const test = wildcard(pattern);
    // An option, and a word that may belong to it, are passed over.
    while (next < args.length && args[next] !== null && !test.test(args[next]!)) {
      const isOption = /^[-+]/.test(args[next]!);
      const isOfOption = next > 0 && /^[-+]/.test(args[next - 1] ?? '');
      if (!isOption && !isOfOption) return false;
      next += 1;
    }
    if (next >= args.length) return false;
    // It may have become several words, or none.
    if (args[next] === null) return true;
    next += 1;
  }
  return true;
}

function wordsOf(rule: string): string[] {
  return rule.trim().split(/\s+/);
}

function wildcard(pattern: string, flags = ''): RegExp {
  const source = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${source.join('[^]*')}$`, flags);
}
