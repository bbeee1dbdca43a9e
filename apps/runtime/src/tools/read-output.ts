/** `read_output`: a range of what a command printed, or of a value in it. */

import { z } from 'zod';

import { textOf } from './command-answer.js';
import { valueIn } from './output-value.js';
import { refuse } from './refusal.js';
import { defineTool, READS } from './tool.js';

/** The tool `read_output`. */
export const readOutput = defineTool({
  name: 'read_output',
  title: 'Read output',
  description:
    'Reads a part of the output of a command or job, by bytes: from offset, or the last tailBytes. Of output that is JSON, ' +
    'pointer reads one value; one that is too long is cut and its keys are listed, to go on from there.',
  inputSchema: z.strictObject({
    outputId: z.string(),
    stream: z.enum(['stdout', 'stderr']).optional().describe('stdout unless given'),
    pointer: z
      .string()
      .optional()
      .describe(
        'Of JSON: the value at this JSON pointer, such as /items/0/name; bytes are then those of its text',
      ),
    offset: z.int().nonnegative().optional().describe('First byte; 0 unless given'),
    tailBytes: z.int().positive().optional().describe('Read the end instead: at most so many bytes'),
    maxBytes: z.int().positive().optional().describe('Most bytes; limits.maxReadBytes at most'),
  }),
  dataSchema: z.object({
    text: z.string(),
    offset: z.int().describe('First byte of the text'),
    nextOffset: z.int().optional().describe('Where to go on; absent at the end of what is there'),
    totalBytes: z.int().describe('Bytes that the command has written, or of the value'),
    keptBytes: z.int().describe('Bytes of those that are kept'),
    count: z.int().optional().describe('With pointer: members of the object, or elements of the array'),
    keys: z.array(z.string()).optional().describe('With pointer: the first keys of an object that was cut'),
    isOpen: z.boolean().describe('Whether the command still runs'),
  }),
  annotations: READS,
  execute(input, { commands, config, asked, trackEngines }) {
    const output = commands.spool.get(input.outputId);
    if (output === undefined) {
      const message = `there is no output ${JSON.stringify(input.outputId)}`;
      return Promise.resolve(refuse('OUTPUT_UNKNOWN', message, { engines: {} }));
    }
    const stream = input.stream ?? 'stdout';
    const most = Math.min(
      input.maxBytes ?? Infinity,
      config.limits.maxReadBytes,
      input.tailBytes ?? Infinity,
    );
    const source =
      input.pointer === undefined
        ? { of: output, engines: {}, value: undefined }
        : valueIn(output, stream, input.pointer, asked.json, { json: trackEngines.json() });
    if ('ok' in source) return Promise.resolve(source);
    const { of, engines, value } = source;
    const kept = of.kept(stream);
    const from = input.tailBytes === undefined ? (input.offset ?? 0) : Math.max(0, kept - most);
    const { bytes, offset } = of.read(stream, from, most);
    const end = offset + bytes.length;
    const isCut = offset > 0 || end < kept;
    const keys = isCut ? value?.keys : undefined;
    const data = {
      text: textOf(bytes),
      offset,
      ...(end < kept ? { nextOffset: end } : {}),
      totalBytes: of.size(stream),
      keptBytes: kept,
      ...(value?.count === undefined ? {} : { count: value.count }),
      ...(keys === undefined ? {} : { keys }),
      isOpen: output.isOpen,
    };
    const range = `bytes ${offset}-${end} of ${data.totalBytes}`;
    const place = input.pointer === undefined ? stream : `${stream}, ${JSON.stringify(input.pointer)}`;
    const has = isCut && value?.count !== undefined ? `; it has ${value.count} parts${listed(keys)}` : '';
    const more = end < kept ? `; continue with offset: ${end}` : '';
    return Promise.resolve({
      ok: true as const,
      data,
      text: `${data.text}\n[${place}, ${range}${has}${more}]`,
      summary: `${input.outputId}: ${range}`,
      engines,
    });
  },
});

function listed(keys: readonly string[] | undefined): string {
  return keys === undefined ? '' : `: ${keys.map((key) => JSON.stringify(key)).join(', ')}`;
}
