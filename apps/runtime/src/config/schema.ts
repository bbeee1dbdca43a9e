/** What `fishplate.config.json` may hold: the one source of its types, its checks and its published JSON schema. */

import type { EngineChoice } from '@fishplate/engine';
import type { SandboxModeFlag, SandboxPolicy } from '@fishplate/sandbox';
import { z } from 'zod';

/** Name of the file, looked for in the workspace root only. */
export const CONFIG_FILE = 'fishplate.config.json';

/** Tracks whose engine can be chosen. */
export const ENGINE_TRACKS = [
  'diff',
  'gitignore',
  'json',
  'sandbox',
  'storage',
  'symbols',
  'tokenizer',
  'vector',
] as const;

/** A track of {@link ENGINE_TRACKS}. */
export type EngineTrack = (typeof ENGINE_TRACKS)[number];

/** Something of each track. */
export function ofEachTrack<Value>(of: (track: EngineTrack) => Value): Record<EngineTrack, Value> {
  return Object.fromEntries(ENGINE_TRACKS.map((track) => [track, of(track)])) as Record<EngineTrack, Value>;
}

const engineChoice = z.enum(['auto', 'native', 'fallback']);

function engineOf(track: EngineTrack) {
  const what = 'auto takes native where it loads, else the fallback';
  return engineChoice.optional().describe(`Engine of the ${track} track: ${what}`);
}

/** A track of which nothing but its engine can be chosen. */
function track(name: EngineTrack, description: string) {
  return z
    .strictObject({ engine: engineOf(name) })
    .optional()
    .describe(description);
}

const sandboxMode = z.enum(['auto', 'native', 'docker', 'process']);

/** A value that only a share of all installations gets. */
function rolledOut<Value extends z.ZodType>(value: Value) {
  return z
    .strictObject({
      share: z.number().min(0).max(1).describe('Share of installations that get `value`, from 0 to 1'),
      value: value.describe('What they get'),
      otherwise: value.optional().describe('What the others get; unset unless given'),
      cohort: z
        .string()
        .min(1)
        .max(100)
        .optional()
        .describe(
          'Flags with the same cohort take in the same installations first; the name of the flag unless given',
        ),
    })
    .optional();
}

const bytes = (description: string): z.ZodOptional<z.ZodInt> =>
  z.int().positive().optional().describe(`${description}, in bytes`);

/** The schema; every part is optional, unknown keys are errors. */
export const configSchema = z
  .strictObject({
    $schema: z.string().optional().describe('Path or address of the JSON schema, for editors'),
    diff: track('diff', 'The diff track'),
    gitignore: track('gitignore', 'The gitignore track, by which list_files finds files'),
    json: track('json', 'The json track, by which read_output finds values'),
    sandbox: z
      .strictObject({
        engine: engineOf('sandbox'),
        mode: sandboxMode.optional().describe('How commands are confined; process: not at all'),
        policy: z
          .record(z.string(), z.unknown())
          .optional()
          .describe('What commands may do: the policy of @fishplate/sandbox, which checks it'),
      })
      .optional()
      .describe('The sandbox track, in which run_command runs'),
    storage: track('storage', 'The storage track, in which sessions are kept'),
    symbols: track(
      'symbols',
      'The symbols track, by which search_symbols, outline and repo_map find declarations',
    ),
    tokenizer: track('tokenizer', 'The tokenizer track, by which read_file and count_tokens count'),
    vector: track('vector', 'The vector track, by which recall finds notes'),
    permissions: z
      .strictObject({
        deny: z.array(z.string()).optional().describe('Commands that never run'),
        ask: z.array(z.string()).optional().describe('Commands that run after a person has said yes'),
        allow: z.array(z.string()).optional().describe('Commands that run without asking'),
        otherwise: z
          .enum(['allow', 'ask', 'deny'])
          .optional()
          .describe('What becomes of all others: allow where they are confined, else ask'),
      })
      .optional()
      .describe('Rules for commands, by their first words; each part of a compound command is looked at'),
    limits: z
      .strictObject({
        maxFileBytes: bytes('Largest file that tools read or write'),
        maxReadBytes: bytes('Most text that one read_file answers'),
        maxInputBytes: bytes('Largest input of one call, all its strings together'),
        maxListedFiles: z.int().positive().optional().describe('Most paths that one list_files answers'),
        maxOutputBytes: bytes('Most text of a command that one answer holds'),
      })
      .optional()
      .describe('Limits of single calls'),
    undo: z
      .strictObject({
        budgetBytes: bytes('Most disk space for the contents that undo, restore and diff need'),
        maxFileBytes: bytes('Largest file whose changes by commands can be taken back'),
        ignored: z
          .boolean()
          .optional()
          .describe('Whether changes of commands to files that git ignores can be taken back too'),
      })
      .optional()
      .describe('What undo keeps'),
    sessions: z
      .strictObject({
        directory: z
          .string()
          .min(1)
          .optional()
          .describe('Where sessions are kept, in place of .fishplate in the workspace'),
        keepDays: z
          .int()
          .positive()
          .optional()
          .describe('Sessions that have rested for more days are forgotten, with their undo; unset: none is'),
        keepBytes: bytes('Size of a log of sessions above which the oldest are forgotten, with their undo'),
      })
      .optional()
      .describe('How sessions are kept'),
    rollout: z
      .strictObject({
        'diff.engine': rolledOut(engineChoice),
        'gitignore.engine': rolledOut(engineChoice),
        'json.engine': rolledOut(engineChoice),
        'sandbox.engine': rolledOut(engineChoice),
        'sandbox.mode': rolledOut(sandboxMode),
        'storage.engine': rolledOut(engineChoice),
        'symbols.engine': rolledOut(engineChoice),
        'tokenizer.engine': rolledOut(engineChoice),
        'vector.engine': rolledOut(engineChoice),
      })
      .optional()
      .describe('Values for a share of installations; an entry of the same name beside it wins'),
  })
  .describe('Configuration of the Fishplate runtime');

/** Configuration as a file or a caller may give it. */
export type RuntimeConfig = z.input<typeof configSchema>;

/** Configuration with every value decided. */
export interface ResolvedConfig {
  /** Choices for each track's engine, by who made them; the environment is weighed at each use. */
  readonly engines: { readonly [Track in EngineTrack]: AskedEngine };
  readonly sandbox: {
    readonly mode: SandboxModeFlag | undefined;
    readonly policy: SandboxPolicy;
  };
  readonly permissions: {
    readonly deny: readonly string[];
    readonly ask: readonly string[];
    readonly allow: readonly string[];
    /** Undefined: allow where commands are confined, else ask. */
    readonly otherwise: 'allow' | 'ask' | 'deny' | undefined;
  };
  readonly limits: {
    readonly maxFileBytes: number;
    readonly maxReadBytes: number;
    readonly maxInputBytes: number;
    readonly maxListedFiles: number;
    readonly maxOutputBytes: number;
  };
  readonly undo: {
    readonly budgetBytes: number;
    readonly maxFileBytes: number;
    readonly ignored: boolean;
  };
  readonly sessions: {
    readonly directory: string | undefined;
    /** Undefined: sessions are kept, however old and large. */
    readonly keepDays: number | undefined;
    readonly keepBytes: number | undefined;
  };
  /** Path of the file that was read, or null where there is none. */
  readonly file: string | null;
}

/** Who asks for which engine. */
export interface AskedEngine {
  readonly file: EngineChoice | undefined;
  readonly call: EngineChoice | undefined;
}

const MIB = 1024 * 1024;

/** Values in force where nobody says otherwise. */
export const CONFIG_DEFAULTS = {
  limits: {
    maxFileBytes: 8 * MIB,
    maxReadBytes: 256 * 1024,
    maxInputBytes: 4 * MIB,
    maxListedFiles: 5000,
    maxOutputBytes: 32 * 1024,
  },
  undo: { budgetBytes: 512 * MIB, maxFileBytes: 16 * MIB, ignored: false },
} as const satisfies Pick<ResolvedConfig, 'limits' | 'undo'>;

/** The JSON schema of the config file, as published in schema/fishplate.config.schema.json. */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(configSchema, { io: 'input' });
  return { $schema, title: CONFIG_FILE, ...rest };
}
