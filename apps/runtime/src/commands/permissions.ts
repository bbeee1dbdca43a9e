/**
 * Permission rules for commands: each part of a compound command is looked at by itself.
 *
 * They say what a person wants to be asked about. What a program does once it runs is for the sandbox to hold: no reading of a line
 * can tell that.
 */

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
  const hidden = hiddenParts(line, rules);
  if (hidden !== null) answers.push(hidden);
  return answers.reduce(
    (strictest, answer) =>
      STRICTNESS[answer.decision] > STRICTNESS[strictest.decision] ? answer : strictest,
    { decision: 'allow', reason: 'every part of it is allowed', rule: 'allow' },
  );
}

/** A part that cannot be read might be one that a rule denies. */
function hiddenParts({ opaque }: ShellLine, { deny, ask, otherwise }: PermissionRules): Permission | null {
  if (opaque === null || (deny.length === 0 && ask.length === 0 && otherwise === 'allow')) return null;
  const decision = otherwise === 'deny' ? 'deny' : 'ask';
  return { decision, reason: `not all of its parts can be told: ${opaque}`, rule: 'otherwise' };
}

function permissionOf(segment: Segment, rules: PermissionRules): Permission {
  const shown = segment.words
    .map((word) => word ?? '…')
    .join(' ')
    .slice(0, 200);
  for (const decision of ['deny', 'ask'] as const) {
    const rule = rules[decision].find((pattern) => matches(pattern, segment, false));
    if (rule !== undefined)
      return { decision, reason: `${shown} is matched by the rule`, rule: `${decision} ${rule}` };
  }
  // Variables can make another program of an allowed one (PATH, LD_PRELOAD, GIT_SSH_COMMAND).
  const allowing = segment.hasAssignments
    ? undefined
    : rules.allow.find((pattern) => matches(pattern, segment, true));
  if (allowing !== undefined) {
    return { decision: 'allow', reason: `${shown} is allowed`, rule: `allow ${allowing}` };
  }
  return { decision: rules.otherwise, reason: `no rule names ${shown}`, rule: 'otherwise' };
}

/**
 * Whether a rule matches: its words are the first words of the command; `*` in a word stands for any text. `isExact`: the
 * program must be named as the rule names it, so that `./git` is no `git`; otherwise its last name counts.
 */
function matches(rule: string, { words }: Segment, isExact: boolean): boolean {
  const patterns = rule.trim().split(/\s+/);
  return patterns.every((pattern, index) => {
    const word = words[index];
    if (pattern === '*' && index === patterns.length - 1) return true;
    if (word === undefined) return false;
    // What the shell makes of it is unknown: a denial must count, a permission must not.
    if (word === null) return !isExact;
    const name = index === 0 && !isExact ? word.slice(word.lastIndexOf('/') + 1) : word;
    return wildcard(pattern).test(name) || (!isExact && wildcard(pattern).test(word));
  });
}

function wildcard(pattern: string): RegExp {
  const source = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${source.join('[^]*')}$`);
}
