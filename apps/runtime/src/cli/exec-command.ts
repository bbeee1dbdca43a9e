/** `fishplate exec -- CMD`: one command in the sandbox. It reads what is piped in, to its end; on a terminal nothing. */

import { constants } from 'node:os';

import { createSandbox, type ExecResult, type SandboxModeFlag } from '@fishplate/sandbox';
import { defineCommand } from 'citty';

import { RUNTIME_CODES } from '../codes.js';
import { permissionFor } from '../commands/permissions.js';
import { loadConfig } from '../config/load.js';
import { workspaceRoot } from '../workspace/root.js';
import { confirmOnTerminal } from './confirm.js';
import { EXIT } from './exit-codes.js';
import { JSON_OPTION, printJson, WORKSPACE_OPTION } from './shared-options.js';

/** The command. */
export const execCommand = defineCommand({
  meta: {
    name: 'exec',
    description: 'Run one command in the sandbox: fishplate exec [options] -- CMD [ARG...]',
  },
  args: {
    workspace: WORKSPACE_OPTION,
    mode: {
      type: 'string',
      valueHint: 'MODE',
      description: 'auto, native, docker or process (no confinement)',
    },
    policy: {
      type: 'string',
      valueHint: 'JSON',
      description: 'The policy, in place of that of the configuration',
    },
    timeout: { type: 'string', valueHint: 'MS', description: 'End the command after so many milliseconds' },
    json: JSON_OPTION,
  },
  async run({ args, rawArgs }) {
    const [command, ...rest] = rawArgs.slice(rawArgs.indexOf('--') + 1);
    if (!rawArgs.includes('--') || command === undefined) {
      throw RUNTIME_CODES.error(
        'USAGE',
        'fishplate exec needs a command behind --, as in fishplate exec -- npm test',
      );
    }
    const { root } = workspaceRoot(args.workspace ?? process.cwd());
    const config = loadConfig({ workspace: root, call: { sandbox: asked(args.mode, args.policy) } });
    const { mode, policy } = config.sandbox;
    const sandbox = await createSandbox({
      workspace: root,
      policy,
      actor: 'cli',
      ...(mode === undefined ? {} : { mode }),
    });
    const cancelled = new AbortController();
    const onSignal = (signal: NodeJS.Signals): void => cancelled.abort(new Ended(signal));
    // Nobody reads what it writes any more: a pipe between the two would end it by this signal.
    const onClosed = (): void => cancelled.abort(new Ended('SIGPIPE'));
    process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
    process.stdout.once('error', onClosed);
    try {
      // The person typed it: only what the rules deny or ask about is held up.
      const permission = permissionFor(
        { command, args: rest },
        { ...config.permissions, otherwise: 'allow' },
      );
      if (permission.decision === 'deny') {
        process.stderr.write(`COMMAND_DENIED: ${permission.reason} (${permission.rule})\n`);
        return EXIT.notRun;
      }
      if (permission.decision === 'ask') {
        const request = { tool: 'exec', action: [command, ...rest].join(' '), reason: permission.reason };
        if (!(await confirmOnTerminal(request))) {
          process.stderr.write(`NOT_CONFIRMED: ${permission.reason} (${permission.rule})\n`);
          return EXIT.notRun;
        }
      }
      const result = await sandbox.execute(command, rest, {
        signal: cancelled.signal,
        ...timeoutOption(args.timeout),
        ...(process.stdin.isTTY ? {} : { stdin: process.stdin }),
        ...(args.json
          ? {}
          : {
              maxOutputBytes: 0,
              onStdout: (chunk: Buffer) => process.stdout.write(chunk),
              onStderr: (chunk: Buffer) => process.stderr.write(chunk),
            }),
      });
      if (args.json) printJson(shown(result));
      else tellEnd(result);
      return exitCodeOf(result);
    } catch (error) {
      if (error instanceof Ended) return codeOfSignal(error.signal);
      throw error;
    } finally {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      process.stdout.off('error', onClosed);
      await sandbox.close();
    }
  },
});

function asked(mode: string | undefined, policy: string | undefined) {
  return {
    ...(mode === undefined ? {} : { mode: mode as SandboxModeFlag }),
    ...(policy === undefined ? {} : { policy: parsePolicy(policy) }),
  };
}

function parsePolicy(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw RUNTIME_CODES.error('USAGE', `--policy is not JSON: ${(cause as Error).message}`, { cause });
  }
}

function timeoutOption(word: string | undefined): { timeoutMs?: number } {
  if (word === undefined) return {};
  if (/^[1-9]\d{0,9}$/.test(word)) return { timeoutMs: Number(word) };
  throw RUNTIME_CODES.error('USAGE', `--timeout takes milliseconds, not ${JSON.stringify(word)}`);
}

function shown({ stdout, stderr, ...result }: ExecResult): Record<string, unknown> {
  return { ...result, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** What an exit code cannot tell. */
function tellEnd({ limitHit, violations }: ExecResult): void {
  if (limitHit !== undefined) process.stderr.write(`fishplate: ended at the limit ${limitHit}\n`);
  for (const { kind, reason } of violations) {
    if (kind !== 'limit') process.stderr.write(`fishplate: refused: ${reason}\n`);
  }
}

/** That of the command; 128 and the number of the signal that ended it, as shells have it. */
function exitCodeOf({ exitCode, signal }: ExecResult): number {
  return exitCode ?? codeOfSignal(signal ?? '');
}

function codeOfSignal(signal: string): number {
  return 128 + ((constants.signals as Record<string, number>)[signal] ?? 0);
}

/** This process was told to end, and the command with it. */
class Ended extends Error {
  constructor(readonly signal: string) {
    super(`ended by ${signal}`);
  }
}
