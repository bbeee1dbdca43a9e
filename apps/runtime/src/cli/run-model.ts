/** `fishplate run --model PROVIDER/MODEL`: a model decides which calls are made. */

import { text as readText } from 'node:stream/consumers';

import { chooseEngine } from '@fishplate/engine';

import { AGENT_LIMITS, type AgentReport, runAgent } from '../agent/run-agent.js';
import { connectModel } from '../agent/models.js';
import { RUNTIME_CODES } from '../codes.js';
import type { Confirm } from '../commands/confirmation.js';
import { loadConfig } from '../config/load.js';
import { createRuntime, type RuntimeOptions } from '../runtime.js';
import { createMask, maskAll } from '../session/masking.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { printJson } from './shared-options.js';
import { stepLine } from './show-steps.js';
import { createStyle, formatDuration, type Style, visible, visibleLine } from './terminal.js';

/** What the command line says. */
export interface ModelArgs {
  readonly model: string;
  readonly prompt?: string | undefined;
  readonly 'base-url'?: string | undefined;
  readonly 'max-steps'?: string | undefined;
  readonly 'max-tokens'?: string | undefined;
  readonly 'context-tokens'?: string | undefined;
  readonly 'max-approvals'?: string | undefined;
  readonly 'model-timeout'?: string | undefined;
  readonly verbose?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Runs a model on a workspace. */
export async function runModel(
  args: ModelArgs,
  runtimeOptions: RuntimeOptions,
  confirm: Confirm | undefined,
): Promise<ExitCode> {
  const { json } = args;
  const limits = {
    maxSteps: whole(args, 'max-steps', AGENT_LIMITS.maxSteps),
    maxTokens: whole(args, 'max-tokens', AGENT_LIMITS.maxTokens),
    contextTokens: whole(args, 'context-tokens', AGENT_LIMITS.contextTokens),
    maxApprovals: whole(args, 'max-approvals', AGENT_LIMITS.maxApprovals),
    silenceMs: whole(args, 'model-timeout', AGENT_LIMITS.silenceMs),
  };
  const task = await taskOf(args, runtimeOptions.session !== undefined);
  // The SDK would print to stdout.
  (globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS ??= false;
  const connection = await connectModel(args.model, args['base-url']);
  const runtime = createRuntime(runtimeOptions);
  const style = createStyle(process.stdout);
  const print = (text: string): void => void (json ? undefined : process.stdout.write(`${text}\n`));
  const cancelled = new AbortController();
  const onInterrupt = (): void =>
    cancelled.abort(RUNTIME_CODES.error('CANCELLED', 'the run was interrupted'));
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  const mask = createMask();
  try {
    const started = performance.now();
    const { file, call } = loadConfig({ workspace: runtime.workspace }).engines.tokenizer;
    const tokenizer = chooseEngine({ track: 'tokenizer', config: file, call }).asked;
    const signal = cancelled.signal;
    const report = await runAgent({
      ...{ runtime, connection, task, limits, signal, tokenizer, confirm },
      onText: (text) => print(`${indented(mask(text))}\n`),
      onCall(report) {
        print(stepLine({ ...report, title: report.tool, asExpected: true }, style));
        if (args.verbose && report.text !== '') print(`${indented(mask(report.text))}\n`);
      },
      onRetry: (problem) => process.stderr.write(`${visibleLine(mask(`asking again: ${problem}`))}\n`),
    });
    if (json) printJson(maskAll({ session: runtime.main.id, model: args.model, ...report }, mask));
    print(`\n  ${ending(report, style)} in ${formatDuration(performance.now() - started)}`);
    print(`  session ${visibleLine(runtime.main.id)}`);
    return report.ok ? EXIT.ok : EXIT.failed;
  } finally {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
    await runtime.close();
  }
}

async function taskOf({ prompt }: ModelArgs, goesOn: boolean): Promise<string | undefined> {
  const text = prompt === '-' ? await readText(process.stdin) : prompt;
  if (text !== undefined && text.trim() === '') throw RUNTIME_CODES.error('USAGE', 'the prompt is empty');
  if (text === undefined && !goesOn) {
    throw RUNTIME_CODES.error(
      'USAGE',
      'fishplate run --model needs --prompt TEXT, or a session to go on with',
    );
  }
  return text;
}

type WholeOption = 'max-steps' | 'max-tokens' | 'context-tokens' | 'max-approvals' | 'model-timeout';

function whole(args: ModelArgs, name: WholeOption, otherwise: number): number {
  const word = args[name];
  if (word === undefined) return otherwise;
  if (/^\d{1,9}$/.test(word) && (name === 'max-approvals' || Number(word) > 0)) return Number(word);
  throw RUNTIME_CODES.error('USAGE', `--${name} takes a whole number, not ${JSON.stringify(word)}`);
}

function ending({ ok, code, hint, steps, calls, usage }: AgentReport, style: Style): string {
  const tokens = `${usage.inputTokens} tokens in, ${usage.outputTokens} out`;
  const how = ok ? style.green('done') : style.red(`stopped: ${code}. ${hint}`);
  return `${how}: ${steps} questions, ${calls.length} calls, ${tokens}`;
}

function indented(text: string): string {
  return visible(text).replace(/^/gm, '      ');
}
