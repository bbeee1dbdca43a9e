/** `read_output`: a range of what a command printed. */

import { z } from 'zod';

import { textOf } from './command-answer.js';
import { refuse } from './refusal.js';
import { defineTool, READS } from './tool.js';

/** The tool `read_output`. */
export const readOutput = defineTool({
  name: 'read_output',
  title: 'Read output',
  description:
    'Reads a part of the output of a command or job, by bytes: from offset, or the last tailBytes.',
  inputSchema: z.strictObject({
    outputId: z.string(),
    stream: z.enum(['stdout', 'stderr']).optional().describe('stdout unless given'),
    offset: z.int().nonnegative().optional().describe('First byte; 0 unless given'),
    tailBytes: z.int().positive().optional().describe('Read the end instead: at most so many bytes'),
    maxBytes: z.int().positive().optional().describe('Most bytes; limits.maxReadBytes at most'),
  }),
  dataSchema: z.object({
    text: z.string(),
    offset: z.int().describe('First byte of the text'),
    nextOffset: z.int().optional().describe('Where to go on; absent at the end of what is there'),
    totalBytes: z.int().describe('Bytes that the command has written'),
    keptBytes: z.int().describe('Bytes of those that are kept'),
    isOpen: z.boolean().describe('Whether the command still runs'),
  }),
  annotations: READS,
  execute(input, { commands, config }) {
    const engines = {};
    const output = commands.spool.get(input.outputId);
    if (output === undefined) {
      const message = `there is no output ${JSON.stringify(input.outputId)}`;
      return Promise.resolve(refuse('OUTPUT_UNKNOWN', message, { engines }));
    }
    const stream = input.stream ?? 'stdout';
    const kept = output.kept(stream);
    const most = Math.min(
      input.maxBytes ?? Infinity,
      config.limits.maxReadBytes,
      input.tailBytes ?? Infinity,
    );
    const from = input.tailBytes === undefined ? (input.offset ?? 0) : Math.max(0, kept - most);
    const { bytes, offset } = output.read(stream, from, most);
    const end = offset + bytes.length;
    const data = {
      text: textOf(bytes),
      offset,
      ...(end < kept ? { nextOffset: end } : {}),
      totalBytes: output.size(stream),
      keptBytes: kept,
      isOpen: output.isOpen,
    };
    const range = `bytes ${offset}-${end} of ${data.totalBytes}`;
    const text = `${data.text}\n[${stream}, ${range}${end < kept ? `; continue with offset: ${end}` : ''}]`;
    return Promise.resolve({
      ok: true as const,
      data,
      text,
      summary: `${input.outputId}: ${range}`,
      engines,
    });
  },
});
