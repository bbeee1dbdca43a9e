/** `count_tokens`: tokens of a text or of a file, exactly. */

import { countTokensAsync, type Encoding } from '@fishplate/tokenizer';
import { z } from 'zod';

import { decodeText } from '../workspace/text.js';
import { refuse, refuseMissing } from './refusal.js';
import { defineTool, READS } from './tool.js';

/** The encodings, for inputs. */
export const ENCODING = z
  .enum(['o200k_base', 'o200k_harmony', 'cl100k_base', 'p50k_base', 'p50k_edit', 'r50k_base'])
  .optional()
  .describe('Encoding; o200k_base unless given');

/** What counts where nothing is said. */
export const DEFAULT_ENCODING: Encoding = 'o200k_base';

/** The tool `count_tokens`. */
export const countTokens = defineTool({
  name: 'count_tokens',
  title: 'Count tokens',
  description:
    'Counts the tokens of a text, or of a text file of the workspace, exactly as OpenAI models do.',
  inputSchema: z.strictObject({
    text: z.string().optional().describe('The text; or path'),
    path: z.string().optional().describe('A file of the workspace; or text'),
    encoding: ENCODING,
  }),
  dataSchema: z.object({
    tokens: z.int(),
    encoding: z.string(),
    bytes: z.int().describe('Of the text as UTF-8, or of the file'),
  }),
  annotations: READS,
  async execute({ text, path, encoding = DEFAULT_ENCODING }, { files, config, signal, asked, trackEngines }) {
    const engines = { tokenizer: trackEngines.tokenizer() };
    if ((text === undefined) === (path === undefined)) {
      return refuse('TEXT_OR_PATH', 'count_tokens takes text or path, one of them', { engines });
    }
    let [counted, bytes] = [text ?? '', Buffer.byteLength(text ?? '')];
    if (path !== undefined) {
      const resolved = files.resolve(path, 'read');
      const state = await files.read(resolved, config.limits.maxFileBytes);
      if (state === null) return refuseMissing(resolved, engines);
      counted = decodeText(state.bytes, resolved).text;
      bytes = state.bytes.length;
    }
    const options = { engine: asked.tokenizer, ...(signal === undefined ? {} : { signal }) };
    const tokens = await countTokensAsync(counted, encoding, options);
    const summary = `${tokens} tokens (${encoding})`;
    return { ok: true, data: { tokens, encoding, bytes }, text: summary, summary, engines };
  },
});
