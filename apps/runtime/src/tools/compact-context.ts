/** `compact_context`: a history of messages made to fit a budget of tokens. */

import { isFishplateError } from '@fishplate/engine';
import { stableStringify } from '@fishplate/json';
import { compressContextAsync } from '@fishplate/tokenizer';
import { z } from 'zod';

import { DEFAULT_ENCODING, ENCODING } from './count-tokens.js';
import { refuseWith } from './refusal.js';
import { defineTool, READS } from './tool.js';

const message = z
  .looseObject({ role: z.string() })
  .describe('A chat message: role, content, tool_calls, tool_call_id');

/** The tool `compact_context`. */
export const compactContext = defineTool({
  name: 'compact_context',
  title: 'Compact a context',
  description:
    'Makes a history of chat messages fit maxTokens: system messages and the last ones stay, calls of tools and their results ' +
    'stay together, long tool outputs are cut in the middle, and what was dropped is listed.',
  inputSchema: z.strictObject({
    messages: z.array(message),
    maxTokens: z.int().positive(),
    preserveLast: z
      .int()
      .nonnegative()
      .optional()
      .describe('So many of the last messages stay; 1 unless given'),
    encoding: ENCODING,
  }),
  dataSchema: z.object({
    messages: z.array(z.record(z.string(), z.unknown())),
    totalTokens: z.int(),
    originalTokens: z.int(),
    removedCount: z.int(),
    compressionRatio: z.number(),
    selectedIndices: z.array(z.int()),
    dropped: z.array(z.object({ index: z.int(), tokens: z.int(), reason: z.string() })),
    cut: z.array(z.object({ index: z.int(), tokensBefore: z.int(), tokensAfter: z.int() })),
  }),
  annotations: READS,
  async execute({ messages, maxTokens, preserveLast, encoding = DEFAULT_ENCODING }, context) {
    const { signal, asked, trackEngines } = context;
    const engines = { tokenizer: trackEngines.tokenizer() };
    try {
      const result = await compressContextAsync(messages, {
        maxTokens,
        model: encoding,
        engine: asked.tokenizer,
        ...(preserveLast === undefined ? {} : { preserveLast }),
        ...(signal === undefined ? {} : { signal }),
      });
      const { totalTokens, originalTokens, removedCount, cut } = result;
      const summary = `${originalTokens} to ${totalTokens} tokens: ${removedCount} messages dropped, ${cut.length} cut`;
      const data = { ...result, messages: result.messages as unknown as Record<string, unknown>[] };
      return { ok: true, data, text: `${summary}\n${stableStringify(result.messages)}`, summary, engines };
    } catch (error) {
      if (!isFishplateError(error) || error.code !== 'BUDGET_TOO_SMALL') throw error;
      return refuseWith(error.code, error.hint, error.message, { engines });
    }
  },
});
