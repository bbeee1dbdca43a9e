/** `read_file`: a text file, whole or by lines. */

import {
  countTokensAsync,
  type EngineOptions,
  isWithinTokenLimit,
  truncateTokens,
} from '@fishplate/tokenizer';
import { z } from 'zod';

import { hashOf } from '../session/contents.js';
import { decodeText } from '../workspace/text.js';
import { DEFAULT_ENCODING } from './count-tokens.js';
import { refuse, refuseMissing } from './refusal.js';
import { defineTool, READS } from './tool.js';

/** The tool `read_file`. */
export const readFile = defineTool({
  name: 'read_file',
  title: 'Read a file',
  description:
    'Reads a text file of the workspace, whole or from startLine to endLine (from 1, both included). ' +
    'What does not fit the limit or maxTokens is left out at the end; nextLine says where to go on.',
  inputSchema: z.strictObject({
    path: z.string().describe('Path relative to the workspace'),
    startLine: z.int().positive().optional().describe('First line, from 1'),
    endLine: z.int().positive().optional().describe('Last line, included'),
    maxTokens: z
      .int()
      .positive()
      .optional()
      .describe('Answer at most this many tokens (o200k_base), in whole lines'),
  }),
  dataSchema: z.object({
    path: z.string(),
    text: z.string(),
    startLine: z.int(),
    endLine: z.int().describe('Last line answered; startLine - 1 where no line is'),
    totalLines: z.int(),
    nextLine: z.int().optional().describe('First line left out for want of room'),
    lineCut: z.boolean().describe('True where the only line answered had to be cut'),
    bytes: z.int().describe('Size of the file'),
    hash: z.string().describe('SHA-256 of the file'),
    encoding: z
      .enum(['utf8', 'latin1'])
      .describe('latin1: the bytes are not UTF-8, each is shown as one character'),
    lineEnds: z.enum(['lf', 'crlf', 'mixed', 'none']),
    tokens: z.object({ count: z.int(), encoding: z.string() }).describe('Tokens of the text'),
  }),
  annotations: READS,
  async execute(input, { files, config, asked, trackEngines }) {
    const engines = { files: files.name, tokenizer: trackEngines.tokenizer() };
    const engine = { engine: asked.tokenizer };
    const path = files.resolve(input.path, 'read');
    const state = await files.read(path, config.limits.maxFileBytes);
    if (state === null) return refuseMissing(path, engines);
    const { text, encoding, lineEnds } = decodeText(state.bytes, path);
    const lines = splitLines(text);
    const startLine = input.startLine ?? 1;
    if (startLine > Math.max(lines.length, 1)) {
      return refuse(
        'LINE_OUT_OF_RANGE',
        `${JSON.stringify(path)} has ${lines.length} lines, line ${startLine} is none`,
        {
          engines,
          details: { path, totalLines: lines.length },
        },
      );
    }
    const wanted = lines.slice(startLine - 1, input.endLine);
    const byBytes = takeLines(wanted, config.limits.maxReadBytes);
    const { shown, count, lineCut } =
      input.maxTokens === undefined
        ? byBytes
        : takeTokens(byBytes, wanted.slice(0, byBytes.count), input.maxTokens, engine);
    const endLine = startLine + count - 1;
    const nextLine = count < wanted.length ? endLine + 1 : undefined;
    const tokens = {
      count: await countTokensAsync(shown, DEFAULT_ENCODING, engine),
      encoding: DEFAULT_ENCODING,
    };
    const note =
      nextLine === undefined && !lineCut
        ? ''
        : `\n[lines ${startLine}-${endLine} of ${lines.length}${lineCut ? ', cut' : ''}${nextLine === undefined ? '' : `; continue with startLine: ${nextLine}`}]`;
    return {
      ok: true,
      data: {
        path,
        text: shown,
        startLine,
        endLine,
        totalLines: lines.length,
        ...(nextLine === undefined ? {} : { nextLine }),
        lineCut,
        bytes: state.bytes.length,
        hash: hashOf(state.bytes),
        encoding,
        lineEnds,
        tokens,
      },
      text: shown + note,
      summary: `${path}: ${count === lines.length ? `${count} lines` : `lines ${startLine}-${endLine} of ${lines.length}`}`,
      engines,
    };
  },
});

/** Lines with their ends; a final line end begins no further line. */
function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+/g) ?? [];
}

/** What was taken of a file. */
interface Taken {
  readonly shown: string;
  readonly count: number;
  readonly lineCut: boolean;
}

/** The most whole lines of `lines` that have no more tokens; a first line that is too long alone is cut. */
function takeTokens(whole: Taken, lines: readonly string[], maxTokens: number, engine: EngineOptions): Taken {
  const fits = (text: string): boolean =>
    isWithinTokenLimit(text, maxTokens, DEFAULT_ENCODING, engine) !== false;
  if (fits(whole.shown)) return whole;
  // Few counts: each looks at no more than the budget, and ends where that is passed.
  let [fitting, tooMany] = [0, lines.length];
  while (tooMany - fitting > 1) {
    const middle = (fitting + tooMany) >>> 1;
    if (fits(lines.slice(0, middle).join(''))) fitting = middle;
    else tooMany = middle;
  }
  if (fitting > 0) return { shown: lines.slice(0, fitting).join(''), count: fitting, lineCut: false };
  const shown = truncateTokens(whole.count === 1 ? whole.shown : (lines[0] ?? ''), maxTokens, engine);
  return { shown, count: 1, lineCut: true };
}

/** As many whole lines as fit; a first line that is too long alone is cut between characters. */
function takeLines(lines: readonly string[], room: number): Taken {
  let used = 0;
  let count = 0;
  for (const line of lines) {
    used += Buffer.byteLength(line);
    if (used > room) break;
    count += 1;
  }
  if (count === 0 && lines.length > 0) {
    const bytes = Buffer.from(lines[0]!).subarray(0, room);
    return {
      shown: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: true }),
      count: 1,
      lineCut: true,
    };
  }
  return { shown: lines.slice(0, count).join(''), count, lineCut: false };
}
