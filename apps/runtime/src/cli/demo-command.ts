/** `fishplate demo`. */

import { defineCommand } from 'citty';

import { type DemoReport, runDemo } from '../demo/demo.js';
import { EXIT } from './exit-codes.js';
import { createLogger, JSON_OPTION, LOG_LEVEL_OPTION, printJson } from './shared-options.js';
import { diffBlock, stepLine } from './show-steps.js';
import { createStyle, formatDuration, type Style, visibleLine } from './terminal.js';

/** The command. */
export const demoCommand = defineCommand({
  meta: {
    name: 'demo',
    description: 'Let a scripted agent fix a bug in a sample package, undo it, and prove the undo',
  },
  args: { json: JSON_OPTION, 'log-level': LOG_LEVEL_OPTION },
  async run({ args }) {
    const logger = createLogger(args['log-level']);
    // Interrupted, the demo stops at the next call, and still removes its copy.
    const interrupted = new AbortController();
    process.once('SIGINT', () => interrupted.abort());
    process.once('SIGTERM', () => interrupted.abort());
    const options = { signal: interrupted.signal, ...(logger === undefined ? {} : { logger }) };
    if (args.json) {
      const report = await runDemo(options);
      printJson(report);
      return report.ok ? EXIT.ok : EXIT.failed;
    }
    const style = createStyle(process.stdout);
    const print = (text: string): void => void process.stdout.write(`${text}\n`);
    const report = await runDemo({
      ...options,
      onStart({ fixture, files, usesGit }) {
        const place = usesGit ? 'in a git repository of its own' : 'without git';
        print(
          `${style.bold('fishplate demo')}  a scripted agent on a copy of the package ${fixture} (${files} files), ${place}\n`,
        );
      },
      onKill({ pid, steps }) {
        print(
          `\n      ${style.red('SIGKILL')} to the agent, process ${pid}; another one goes on: the log has its ${steps} steps\n`,
        );
      },
      onStep(step) {
        print(stepLine(step, style));
        if (step.tool === 'diff' && step.ok && step.text.startsWith('diff '))
          print(`\n${diffBlock(step.text, style)}\n`);
      },
    });
    print(`\n${proofLine(report, style)}\n`);
    print(closingLines(report, style));
    return report.ok ? EXIT.ok : EXIT.failed;
  },
});

function proofLine({ proof, plan }: DemoReport, style: Style): string {
  if (!plan.ok) return style.red(`  stopped: a step was not as expected, ${plan.notRun} not run`);
  if (!proof.ok) return style.red(`  proof failed: ${visibleLine(proof.differences.join(', '))} differ`);
  const hash = `sha256 ${proof.before.slice(0, 16)}`;
  return `  ${style.green('proved')}  ${proof.entries} files and directories are byte for byte what they were ${style.dim(`(${hash} before and after)`)}`;
}

function closingLines(report: DemoReport, style: Style): string {
  const calls = report.plan.steps.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return [
    `  ${report.plan.steps.length} calls in ${formatDuration(calls)}, ${formatDuration(report.durationMs)} with copy, git and proof`,
    style.dim(
      '  next: `fishplate doctor` (engines here), `fishplate mcp --workspace DIR` (for an agent), README.md of the package',
    ),
  ].join('\n');
}
