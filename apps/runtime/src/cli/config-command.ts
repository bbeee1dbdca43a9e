/** `fishplate config`: what is in force, and where it is from. */

import { openFiles } from '@fishplate/sandbox';
import { defineCommand } from 'citty';

import {
  type Contribution,
  explainConfig,
  type ExplainedConfig,
  type ExplainedEntry,
} from '../config/explain.js';
import { loadConfig } from '../config/load.js';
import { configJsonSchema } from '../config/schema.js';
import { createMask, maskAll } from '../session/masking.js';
import { workspaceRoot } from '../workspace/root.js';
import { EXIT } from './exit-codes.js';
import { JSON_OPTION, printJson, WORKSPACE_OPTION } from './shared-options.js';
import { createStyle, type Style, visibleLine } from './terminal.js';

/** The command. */
export const configCommand = defineCommand({
  meta: { name: 'config', description: 'Show the configuration in force, and where each entry is from' },
  args: {
    workspace: WORKSPACE_OPTION,
    validate: { type: 'boolean', description: 'Only say whether it is valid; ends with 2 where it is not' },
    schema: { type: 'boolean', description: 'Print the JSON schema of fishplate.config.json' },
    json: JSON_OPTION,
  },
  run({ args }) {
    if (args.schema) {
      printJson(configJsonSchema());
      return EXIT.ok;
    }
    const { root } = workspaceRoot(args.workspace ?? process.cwd());
    const explained = maskAll(explainConfig({ workspace: root }), createMask());
    // What the schema leaves open, the sandbox checks.
    openFiles({ workspace: root, policy: loadConfig({ workspace: root }).sandbox.policy });
    const style = createStyle(process.stdout);
    if (args.json) printJson(args.validate ? { ok: true, file: explained.file } : { ok: true, ...explained });
    else if (args.validate) process.stdout.write(`${style.green('valid')} ${placeOf(explained)}\n`);
    else process.stdout.write(`${render(explained, style)}\n`);
    return EXIT.ok;
  },
});

function placeOf({ file, workspace }: ExplainedConfig): string {
  return file === null ? `no fishplate.config.json in ${visibleLine(workspace)}` : visibleLine(file);
}

function render(explained: ExplainedConfig, style: Style): string {
  const width = Math.max(...explained.entries.map(({ name }) => name.length));
  return [
    style.dim(placeOf(explained)),
    '',
    ...explained.entries.map((entry) => entryLine(entry, width, style)),
    ...explained.rollouts.map(({ flag, share, position, included, cohort }) =>
      style.dim(
        `rollout ${flag}: ${included ? 'in' : 'out'}, at ${position.toFixed(4)} of ${share} in the cohort ${visibleLine(cohort)}`,
      ),
    ),
  ].join('\n');
}

function entryLine(
  { name, value, source, place, from, adds }: ExplainedEntry,
  width: number,
  style: Style,
): string {
  const shown = value === null ? '-' : typeof value === 'string' ? value : JSON.stringify(value);
  const origin = from.length === 1 ? style.dim('default') : style.cyan(sourceOf({ source, place }));
  const others = from.slice(1, -1).map((other) => `${sourceOf(other)} says ${JSON.stringify(other.value)}`);
  const rest =
    others.length === 0 ? '' : style.dim(` (${adds ? 'adds to' : 'over'} ${visibleLine(others.join('; '))})`);
  return `${style.bold(name.padEnd(width))}  ${visibleLine(shown)}  ${origin}${rest}`;
}

function sourceOf({ source, place }: Pick<Contribution, 'source' | 'place'>): string {
  return source === 'environment' ? visibleLine(place) : source;
}
