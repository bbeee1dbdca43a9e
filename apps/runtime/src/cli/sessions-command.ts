/** `fishplate sessions` and `fishplate timeline`: what the logs have, also while other processes write them. */

import { defineCommand } from 'citty';

import { RUNTIME_CODES } from '../codes.js';
import { readSession, readSessions, type SessionSummary } from '../session/session-reader.js';
import type { TimelineEntry } from '../session/timeline.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { latestSession, stateOf } from './sessions-at.js';
import { JSON_OPTION, printJson, SESSION_OPTION, WORKSPACE_OPTION } from './shared-options.js';
import { createStyle, fit, formatDuration, formatEngines, type Style, visibleLine } from './terminal.js';

/** The command `sessions`. */
export const sessionsCommand = defineCommand({
  meta: { name: 'sessions', description: 'List the sessions of a workspace, the latest first' },
  args: { workspace: WORKSPACE_OPTION, json: JSON_OPTION },
  async run({ args }) {
    const { state, engine } = stateOf(args.workspace);
    const { sessions, problems } = await readSessions(state, engine);
    if (args.json) printJson({ sessions, problems });
    else {
      const style = createStyle(process.stdout);
      const lines = sessions.map((session) => sessionLine(session, style));
      process.stdout.write(`${lines.length === 0 ? 'no sessions yet' : lines.join('\n')}\n`);
      for (const problem of problems)
        process.stderr.write(`${style.red('unreadable')} ${visibleLine(problem)}\n`);
    }
    return problems.length === 0 ? EXIT.ok : EXIT.failed;
  },
});

/** The command `timeline`. */
export const timelineCommand = defineCommand({
  meta: {
    name: 'timeline',
    description: 'Show the calls of a session: what, when, how long, by which engine',
  },
  args: {
    workspace: WORKSPACE_OPTION,
    session: { ...SESSION_OPTION, description: 'The session (default: the latest)' },
    limit: { type: 'string', valueHint: 'N', description: 'The latest so many calls' },
    html: {
      type: 'string',
      valueHint: 'FILE',
      description: 'Write all of it as one HTML page, with diffs and commands; - for stdout',
    },
    json: JSON_OPTION,
  },
  async run({ args }) {
    if (args.html !== undefined) return exportPage(args.html, args);
    const id = args.session ?? (await latestSession(args.workspace));
    const { state, engine } = stateOf(args.workspace);
    const read = await readSession(state, engine, id);
    if (read === null) {
      throw RUNTIME_CODES.error('SESSION_UNKNOWN', `there is no session ${JSON.stringify(id)} in ${state}`);
    }
    const entries = read.timeline.slice(-parseLimit(args.limit));
    const checkpoints = [...read.state.checkpoints.values()];
    if (args.json) printJson({ session: read.summary, entries, checkpoints });
    else {
      const style = createStyle(process.stdout);
      const lines = [sessionLine(read.summary, style), '', ...entries.map((entry) => callLine(entry, style))];
      for (const { id: name, label, at } of checkpoints)
        lines.push(style.dim(`    ${name} ${visibleLine(label)} ${at}`));
      process.stdout.write(`${lines.join('\n')}\n`);
    }
    return EXIT.ok;
  },
});

/** `timeline --html`. */
async function exportPage(file: string, { workspace, session, limit, json }: ExportArgs): Promise<ExitCode> {
  if (limit !== undefined)
    throw RUNTIME_CODES.error('USAGE', '--html writes the whole session, without --limit');
  if (file === '') throw RUNTIME_CODES.error('USAGE', '--html needs the path of a file, or -');
  const id = session ?? (await latestSession(workspace));
  const { state, engine: storage, diff } = stateOf(workspace);
  const [{ writePage }, { createMask }, { packageVersion }] = await Promise.all([
    import('../export/write-page.js'),
    import('../session/masking.js'),
    import('../version.js'),
  ]);
  const page = {
    state,
    storage,
    session: id,
    file,
    engine: diff,
    mask: createMask(),
    version: packageVersion(),
  };
  const written = await writePage(page);
  if (file === '-') return EXIT.ok;
  if (json) printJson({ ok: true, session: id, ...written });
  else process.stdout.write(`${written.items} events, ${written.bytes} bytes in ${visibleLine(file)}\n`);
  return EXIT.ok;
}

interface ExportArgs {
  readonly workspace?: string | undefined;
  readonly session?: string | undefined;
  readonly limit?: string | undefined;
  readonly json?: boolean | undefined;
}

function sessionLine(session: SessionSummary, style: Style): string {
  const { id, lastCallAt, calls, steps, openIn, interrupted } = session;
  const counts = `${calls} calls, ${steps} steps to undo`;
  const cut = interrupted === 0 ? '' : style.yellow(`, ${interrupted} interrupted`);
  const open = openIn === null ? '' : style.cyan(`, open in process ${openIn}`);
  return `${style.bold(visibleLine(id))}  ${lastCallAt}  ${counts}${cut}${open}`;
}

function callLine(entry: TimelineEntry, style: Style): string {
  const { sequence, tool, startedAt, status, durationMs, engines, summary, step } = entry;
  const mark = { ok: style.green('\u2713'), refused: style.yellow('\u2298'), failed: style.red('\u2717') };
  const shown =
    status === 'running' || status === 'interrupted'
      ? style.yellow(status === 'running' ? '…' : '!')
      : mark[status];
  const columns = [
    `${String(sequence).padStart(4)} ${shown}`,
    startedAt.slice(0, 19).replace('T', ' '),
    style.bold(fit(tool, 15)),
    fit(visibleLine(status === 'interrupted' ? `interrupted ${summary}`.trim() : summary), 58),
    (durationMs === null ? '' : formatDuration(durationMs)).padStart(9),
    step === undefined ? '' : `step ${step}`,
    style.dim(formatEngines(engines)),
  ];
  return columns.join(' ').trimEnd();
}

function parseLimit(word: string | undefined): number {
  if (word === undefined) return 10_000;
  if (/^[1-9]\d{0,5}$/.test(word)) return Number(word);
  throw RUNTIME_CODES.error('USAGE', `--limit takes a whole number from 1 on, not ${JSON.stringify(word)}`);
}
