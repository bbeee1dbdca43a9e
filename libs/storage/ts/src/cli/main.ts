/** The command line: words to calls, errors to exit codes. */

import { parseArgs } from 'node:util';

import { isFishplateError } from '@fishplate/engine';

import { STORAGE_CODES } from '../codes';
import type { EngineFlag } from '../types';
import { exportEvents, importEvents } from './events';
import { inspect, salvage, verify } from './reports';

export const USAGE = `fishplate-store <command> <directory> [options]

  inspect    what the store holds, and what opening it found
  verify     read every record and load every checkpoint
  export     events as NDJSON on standard output: {"seq","time","stream","data"} or, for bytes that are not UTF-8, "base64"
  import     NDJSON from standard input, in the form of export; the events get new numbers
  salvage    write a damaged log anew with all that is still valid; the old one goes to quarantine/

  --json              reports as JSON
  --from N, --to N    export: first and last event
  --stream NAME       export: this stream alone; import: in place of the stream of each event
  --engine WORD       auto, native or fallback
  --allow-network     also on a network file system

  exit codes: 0 done, 1 the store is damaged, 2 wrong usage or input, 3 the store is locked, 4 no store there, 5 anything else
`;

/** What the system's own exit codes mean here. */
export const DONE = 0;
export const DAMAGED = 1;
export const MISUSED = 2;
export const LOCKED = 3;
export const MISSING = 4;
export const FAILED = 5;

/** What a command is given. */
export interface Command {
  readonly directory: string;
  readonly json: boolean;
  readonly engine: EngineFlag | undefined;
  readonly allowNetwork: boolean;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly stream: string | undefined;
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

const COMMANDS: Readonly<Record<string, (command: Command) => Promise<number>>> = {
  inspect,
  verify,
  export: exportEvents,
  import: importEvents,
  salvage,
};

const EXIT: Readonly<Record<string, number>> = {
  STORAGE_CORRUPT: DAMAGED,
  INPUT_INVALID: MISUSED,
  INPUT_TOO_LARGE: MISUSED,
  ENGINE_CHOICE_INVALID: MISUSED,
  STORAGE_LOCKED: LOCKED,
  STORAGE_NOT_FOUND: MISSING,
};

/** Runs a command; the exit code. */
export async function main(
  args: readonly string[],
  input: NodeJS.ReadableStream = process.stdin,
  output: NodeJS.WritableStream = process.stdout,
  errors: NodeJS.WritableStream = process.stderr,
): Promise<number> {
  let json = args.includes('--json');
  try {
    const { values, positionals } = parse(args);
    json = values.json;
    if (values.help) {
      output.write(USAGE);
      return DONE;
    }
    const [word = '', directory, ...rest] = positionals;
    const command = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
    if (command === undefined || directory === undefined || rest.length > 0) {
      errors.write(USAGE);
      return MISUSED;
    }
    return await command({
      directory,
      json,
      engine: values.engine as EngineFlag | undefined,
      allowNetwork: values['allow-network'],
      from: numberOf(values.from, 'from'),
      to: numberOf(values.to, 'to'),
      stream: values.stream,
      input,
      output,
    });
  } catch (error) {
    return told(error, json, errors);
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        'allow-network': { type: 'boolean', default: false },
        engine: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        stream: { type: 'string' },
      },
    });
  } catch (error) {
    throw STORAGE_CODES.error('INPUT_INVALID', (error as Error).message, {
      hint: 'See fishplate-store --help.',
    });
  }
}

function numberOf(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,16}$/.test(text)) {
    throw STORAGE_CODES.error('INPUT_INVALID', `--${option} is ${JSON.stringify(text)}; it must be a number`);
  }
  return Number(text);
}

/** Writes an error; its exit code. */
function told(error: unknown, json: boolean, errors: NodeJS.WritableStream): number {
  if (!isFishplateError(error)) {
    const message = error instanceof Error ? error.message : String(error);
    errors.write(json ? `${JSON.stringify({ error: { message } })}\n` : `${message}\n`);
    return FAILED;
  }
  errors.write(json ? `${JSON.stringify({ error })}\n` : `${error.code}: ${error.message}\n${error.hint}\n`);
  return EXIT[error.code] ?? FAILED;
}
