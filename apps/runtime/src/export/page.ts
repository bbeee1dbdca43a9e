/** A session's history as one HTML page that needs nothing else, and can reach nothing. */

import { createHash } from 'node:crypto';

import type { EngineChoice } from '@fishplate/engine';

import { formatDuration, formatEngines } from '../cli/terminal.js';
import type { RecordedChange, Step } from '../session/events.js';
import { fileDiff, momentOf } from '../session/file-diff.js';
import { type Mask, maskAll } from '../session/masking.js';
import type { History, HistoryCall, HistoryItem } from './history.js';
import { diffHtml, escapeLine, escapeText, shorten } from './html.js';
import { messageText } from './message.js';
import { PAGE_STYLE } from './page-style.js';

/** How a page is made. */
export interface PageOptions {
  /** Engine of the diffs. */
  readonly engine: EngineChoice;
  /** Takes secrets of this environment out; the log holds none of the environment that it was written in. */
  readonly mask: Mask;
  /** Version of the program that makes it. */
  readonly version: string;
}

/** Longest text of one part, in characters; what is longer is cut, and says so. */
const MAX_PART = 64 * 1024;

/** Longest text of all diffs; steps after that are told without. */
const MAX_DIFFS = 32 * 1024 * 1024;

/** The page, piece by piece. */
export async function* renderPage(history: History, options: PageOptions): AsyncGenerator<string> {
  const { summary } = history.session;
  const { mask } = options;
  yield head(`Session ${summary.id}`);
  yield header(history, options);
  yield '<main>\n';
  let room = MAX_DIFFS;
  for (const item of history.items) {
    const step = item.kind === 'call' || item.kind === 'step' ? item.step : undefined;
    const diff = step === undefined || room <= 0 ? '' : mask(await stepDiff(step, history, options));
    room -= diff.length;
    const isOmitted = step !== undefined && room <= 0 && diff === '';
    yield render(maskAll(item, mask), history, isOmitted ? 'The page has no room for this diff.' : diff);
  }
  if (history.items.length === 0) yield '<p class="note">Nothing has happened yet.</p>\n';
  yield `</main>\n<footer>Written by fishplate ${escapeLine(options.version)}. The page holds no script, and loads nothing.</footer>\n</body>\n</html>\n`;
}

function head(title: string): string {
  const hash = createHash('sha256').update(PAGE_STYLE).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="referrer" content="no-referrer">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeLine(title)}</title>`,
    `<style>${PAGE_STYLE}</style>`,
    '</head>',
    '<body>',
    '',
  ].join('\n');
}

const CHOICES = [
  ['all', 'Everything'],
  ['only-trouble', 'What did not succeed'],
  ['only-changes', 'What changed files'],
] as const;

/** What is shown is chosen by radio buttons and CSS. They come before everything that they choose from. */
function header({ session, items }: History, { mask }: PageOptions): string {
  const { id, createdAt, calls, steps, messages, openIn } = session.summary;
  const ended = items.flatMap((item) => (item.kind === 'call' ? [item.entry] : []));
  const time = ended.reduce((sum, { durationMs }) => sum + (durationMs ?? 0), 0);
  const trouble = ended.filter(({ status }) => status !== 'ok').length;
  const facts = [
    `begun ${createdAt}`,
    `${calls} calls, ${trouble} not successful`,
    `${formatDuration(time)} in calls`,
    `${steps} steps in force`,
    ...(messages === 0 ? [] : [`${messages} messages`]),
    ...(openIn === null ? [] : [`open in process ${openIn}`]),
  ];
  const inputs = CHOICES.map(
    ([name], index) =>
      `<input class="choice" type="radio" name="show" id="${name}"${index === 0 ? ' checked' : ''}>`,
  );
  return [
    ...inputs,
    '<header>',
    `<h1>Session ${escapeLine(mask(id))}</h1>`,
    `<div class="facts faint">${facts.map((fact) => `<span>${escapeLine(fact)}</span>`).join('')}</div>`,
    '</header>',
    `<nav>${CHOICES.map(([name, label]) => `<label for="${name}">${label}</label>`).join('')}</nav>`,
    '',
  ].join('\n');
}

function render(item: HistoryItem, history: History, diff: string): string {
  switch (item.kind) {
    case 'call':
      return renderCall(item, history, diff);
    case 'message':
      return renderMessage(item.message);
    case 'checkpoint': {
      const { id, label, at } = item.checkpoint;
      return note(`checkpoint ${id}: ${label} (${at})`);
    }
    case 'back':
      return note(`${item.why}: ${item.steps} steps in force`);
    case 'step':
      return renderInterrupted(item.step, diff);
  }
}

const MARKS = {
  ok: '\u2713',
  refused: '\u2298',
  failed: '\u2717',
  running: '\u2026',
  interrupted: '!',
} as const;

function renderCall({ entry, input, text, step }: HistoryCall, { active }: History, diff: string): string {
  const { sequence, tool, startedAt, status, durationMs, engines, summary, code, callId } = entry;
  const undone = step !== undefined && !active.has(step.number);
  const classes = [status, ...(step === undefined ? [] : ['changes']), ...(undone ? ['undone'] : [])];
  const duration = durationMs === null ? '' : formatDuration(durationMs);
  const cells = [
    cell('n', String(sequence)),
    cell('m', MARKS[status]),
    cell('t', startedAt.slice(11, 19)),
    cell('tool', tool),
    cell('s', summary.slice(0, 300)),
    cell('t', duration),
  ];
  const facts = [
    ['call', callId],
    ['began', startedAt],
    ['ended', code === undefined ? status : `${status}, ${code}`],
    ['engines', formatEngines(engines)],
    ['step', step === undefined ? '' : `${step.number}${undone ? ', taken back' : ''}`],
  ] as const;
  const body = [
    `<dl>${facts.map(([name, value]) => (value === '' ? '' : `<dt>${name}</dt><dd>${escapeLine(value)}</dd>`)).join('')}</dl>`,
    part('Summary', summary, 'pre'),
    ...inputParts(input),
    text === undefined ? '' : part('Answer', text, 'pre'),
    changesPart(step, diff),
  ];
  const label = `<summary>${cells.join('')}</summary>`;
  return `<details class="${classes.join(' ')}">${label}<div class="body">${body.join('')}</div></details>\n`;
}

function cell(name: string, text: string): string {
  return `<span class="${name}">${escapeLine(text)}</span>`;
}

/** A command as one would type it; all else as JSON. */
function inputParts(input: unknown): string[] {
  if (typeof input !== 'object' || input === null || Object.keys(input).length === 0) return [];
  const { command, args, patch, ...rest } = input as Readonly<Record<string, unknown>>;
  const parts: string[] = [];
  if (typeof command === 'string') {
    const words = Array.isArray(args)
      ? [command, ...args.map((word: unknown) => JSON.stringify(word))]
      : [command];
    parts.push(part('Command', words.join(' '), 'command'));
  }
  const others = {
    ...(typeof command === 'string' || command === undefined ? {} : { command, args }),
    ...(typeof patch === 'string' || patch === undefined ? {} : { patch }),
    ...rest,
  };
  if (typeof patch === 'string') parts.push(`<h2>Patch asked for</h2>${diffHtml(shorten(patch, MAX_PART))}`);
  if (Object.keys(others).length > 0) parts.push(part('Input', JSON.stringify(others, null, 2), 'pre'));
  return parts;
}

function changesPart(step: Step | undefined, diff: string): string {
  if (step === undefined) return '';
  const count = `${step.changes.length} ${step.changes.length === 1 ? 'path' : 'paths'}`;
  return `<h2>Changed ${count}</h2>${diffHtml(diff)}`;
}

function part(title: string, text: string, kind: 'pre' | 'command'): string {
  if (text === '') return '';
  return `<h2>${title}</h2><pre class="${kind}">${escapeText(shorten(text, MAX_PART))}</pre>`;
}

function renderInterrupted(step: Step, diff: string): string {
  const what = `step ${step.number} of ${step.tool}, cut off with its process`;
  const cells = ['', MARKS.interrupted, '', step.tool, what, ''];
  const names = ['n', 'm', 't', 'tool', 's', 't'];
  const label = `<summary>${cells.map((text, index) => cell(names[index]!, text)).join('')}</summary>`;
  return `<details class="interrupted changes">${label}<div class="body">${changesPart(step, diff)}</div></details>\n`;
}

function renderMessage(message: unknown): string {
  const { role, text } = messageText(message);
  return `<div class="message"><b>${escapeLine(role)}</b><pre>${escapeText(shorten(text, MAX_PART))}</pre></div>\n`;
}

function note(text: string): string {
  return `<p class="note">${escapeLine(text)}</p>\n`;
}

/** What a step did to each path; what has no lines, or is no longer kept, in one line. */
async function stepDiff({ changes }: Step, history: History, options: PageOptions): Promise<string> {
  let text = '';
  for (const [index, change] of changes.entries()) {
    if (text.length > MAX_PART) return `${text}\n… and ${changes.length - index} more paths\n`;
    const diff = await changeDiff(change, history, options);
    text += shorten(diff, MAX_PART).replace(/\n?$/, '\n');
  }
  return text;
}

async function changeDiff(
  { path, before, after }: RecordedChange,
  { contents }: History,
  { engine }: PageOptions,
): Promise<string> {
  const [old, now] = [momentOf(before, contents), momentOf(after, contents)];
  if (old === undefined || now === undefined) {
    const kinds = [before, after].map((entry) => entry?.kind ?? 'nothing');
    return `${path}: ${kinds.join(' to ')}${kinds.includes('file') ? ', content not kept' : ''}`;
  }
  const { patch } = await fileDiff({ path, before: old, after: now }, { engine });
  return patch === '' ? `${path}: mode or times only` : patch;
}
