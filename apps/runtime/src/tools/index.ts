/** The tools there are, in the order in which hosts show them. */

import { applyPatch } from './apply-patch.js';
import { checkpoint, restore } from './checkpoints.js';
import { compactContext } from './compact-context.js';
import { countTokens } from './count-tokens.js';
import { diff } from './diff.js';
import { editFile } from './edit-file.js';
import { killJob, pollJob, startJob } from './jobs.js';
import { listFiles } from './list-files.js';
import { forget, recall, remember } from './memory.js';
import { readFile } from './read-file.js';
import { readOutput } from './read-output.js';
import { runCommand } from './run-command.js';
import { outline, repoMap, searchSymbols } from './symbols.js';
import { timeline } from './timeline.js';
import { undo } from './undo.js';

/** Every tool, declared once. */
export const TOOLS = [
  ...([listFiles, readFile, editFile, applyPatch, diff, undo] as const),
  ...([searchSymbols, outline, repoMap] as const),
  ...([checkpoint, restore, timeline] as const),
  ...([countTokens, compactContext] as const),
  ...([remember, recall, forget] as const),
  ...([runCommand, readOutput, startJob, pollJob, killJob] as const),
] as const;

/** A declared tool. */
export type AnyTool = (typeof TOOLS)[number];

/** Name of a tool. */
export type ToolName = AnyTool['name'];

/** The tool of a name. */
export type ToolNamed<Name extends ToolName> = Extract<AnyTool, { name: Name }>;
