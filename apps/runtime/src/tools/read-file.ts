/** `read_file`: a text file, whole or by lines. */

import { z } from 'zod';

import { hashOf } from '../session/state-store.js';
import { decodeText } from '../workspace/text.js';
import { refuse, refuseMissing } from './refusal.js';
import { defineTool, READS } from './tool.js';

/** Bytes of UTF-8 that count as one token. Interim: an estimate on the safe side, until the tokenizer track counts. */
const BYTES_PER_TOKEN = 3;

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
      .describe('Answer at most about this many tokens, in whole lines'),
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
    tokens: z.object({ estimate: z.int(), method: z.string() }),
  }),
  annotations: READS,
  async execute(input, { files, config }) {
    const engines = { files: files.name };
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
    const room = Math.min(config.limits.maxReadBytes, (input.maxTokens ?? Infinity) * BYTES_PER_TOKEN);
    const { shown, count, lineCut } = takeLines(wanted, room);
    const endLine = startLine + count - 1;
    const nextLine = count < wanted.length ? endLine + 1 : undefined;
    const estimate = Math.ceil(Buffer.byteLength(shown) / BYTES_PER_TOKEN);
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
        tokens: { estimate, method: `bytes / ${BYTES_PER_TOKEN}` },
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

/** As many whole lines as fit; a first line that is too long alone is cut between characters. */
function takeLines(
  lines: readonly string[],
  room: number,
): { shown: string; count: number; lineCut: boolean } {
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
