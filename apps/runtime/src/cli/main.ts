#!/usr/bin/env node
/** The command `fishplate`. Each subcommand's code is loaded only when it is asked for. */

import { stripVTControlCharacters } from 'node:util';

import type { ArgsDef, CommandDef } from 'citty';

import { packageVersion } from '../version.js';
import { EXIT } from './exit-codes.js';

/** Subcommands, in the order in which `--help` shows them. */
const COMMANDS: Readonly<Record<string, () => Promise<CommandDef<ArgsDef>>>> = {
  demo: lazily(async () => (await import('./demo-command.js')).demoCommand),
  run: lazily(async () => (await import('./run-command.js')).runCommand),
  exec: lazily(async () => (await import('./exec-command.js')).execCommand),
  mcp: lazily(async () => (await import('./mcp-command.js')).mcpCommand),
  sessions: lazily(async () => (await import('./sessions-command.js')).sessionsCommand),
  timeline: lazily(async () => (await import('./sessions-command.js')).timelineCommand),
  undo: lazily(async () => (await import('./undo-command.js')).undoCommand),
  restore: lazily(async () => (await import('./undo-command.js')).restoreCommand),
  config: lazily(async () => (await import('./config-command.js')).configCommand),
  doctor: lazily(async () => (await import('./doctor-command.js')).doctorCommand),
};

/** A command's options have types of their own, which only the command itself needs. */
function lazily<Args extends ArgsDef>(
  load: () => Promise<CommandDef<Args>>,
): () => Promise<CommandDef<ArgsDef>> {
  return load as unknown as () => Promise<CommandDef<ArgsDef>>;
}

/** Runs a command line, without the program's own name. */
async function main(rawArgs: readonly string[]): Promise<number> {
  const [name, ...rest] = rawArgs;
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${packageVersion()}\n`);
    return EXIT.ok;
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    await showHelp(name === 'help' ? rest[0] : undefined);
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const command = await load(name);
  // What stands behind -- is for the command that is run.
  const own = name === 'exec' && rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  if (own.includes('--help') || own.includes('-h')) {
    await showHelp(name);
    return EXIT.ok;
  }
  await checkArguments(name, command, own);
  const { runCommand } = await import('citty');
  const { result } = await runCommand(command, { rawArgs: rest });
  return typeof result === 'number' ? result : EXIT.ok;
}

async function load(name: string): Promise<CommandDef<ArgsDef>> {
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name]!();
  const known = Object.keys(COMMANDS).join(', ');
  return refuse(`${JSON.stringify(name)} is no command; there are ${known}`);
}

async function showHelp(name: string | undefined): Promise<void> {
  const { renderUsage } = await import('citty');
  const meta = {
    name: 'fishplate',
    version: packageVersion(),
    description: 'A tool runtime for coding agents',
  };
  const top = { meta, subCommands: COMMANDS };
  const usage = name === undefined ? await renderUsage(top) : await renderUsage(await load(name), top);
  process.stdout.write(`${process.stdout.isTTY ? usage : stripVTControlCharacters(usage)}\n`);
}

/** citty lets unknown options and surplus words pass; a mistyped `--json` should not. */
async function checkArguments(
  name: string,
  command: CommandDef<ArgsDef>,
  rawArgs: readonly string[],
): Promise<void> {
  const args = typeof command.args === 'function' ? await command.args() : ((await command.args) ?? {});
  const takesValue = new Map<string, boolean>();
  for (const [key, { type, ...argument }] of Object.entries(args)) {
    const aliases = 'alias' in argument ? [argument.alias ?? []].flat() : [];
    for (const option of [`--${key}`, ...aliases.map((alias) => `-${alias}`)])
      takesValue.set(option, type !== 'boolean');
  }
  for (let index = 0; index < rawArgs.length; index += 1) {
    const [option = '', value] = rawArgs[index]!.split('=', 2);
    if (!takesValue.has(option)) {
      return refuse(
        `fishplate ${name} does not take ${JSON.stringify(option)}`,
        `Run \`fishplate ${name} --help\`.`,
      );
    }
    if (!takesValue.get(option) || value !== undefined) continue;
    index += 1;
    if (index >= rawArgs.length) return refuse(`${option} needs a value`);
  }
}

/** @throws FishplateError `USAGE`. */
async function refuse(message: string, hint?: string): Promise<never> {
  const { RUNTIME_CODES } = await import('../codes.js');
  throw RUNTIME_CODES.error('USAGE', message, hint === undefined ? {} : { hint });
}

// A reader that has seen enough (`| head`) is no fault, and no reason to leave work half done.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  async (error: unknown) => {
    const { showError } = await import('./show-error.js');
    process.exitCode = showError(error, process.argv.includes('--json'));
  },
);
