/** Tool outputs cut in the middle. */

import type { ChatMessage, ContentPart } from '../chat';
import type { EngineOptions } from '../count';
import type { Encoding, Model } from '../encodings';
import { truncateTokens } from '../truncate';

/** Where something was cut. */
export const MARKER = '\n[... cut ...]\n';

/** The message with every text of its content at most `limit` tokens long. */
export function shorten(
  message: ChatMessage,
  limit: number,
  encoding: Encoding | Model | undefined,
  options: EngineOptions,
): ChatMessage {
  const cut = (text: string): string =>
    truncateTokens(text, limit, {
      ...options,
      side: 'middle',
      marker: MARKER,
      ...(encoding && { encoding }),
    });
  const { content } = message;
  if (typeof content === 'string') return { ...message, content: cut(content) };
  if (!Array.isArray(content)) return message;
  return { ...message, content: (content as readonly ContentPart[]).map((part) => shortenPart(part, cut)) };
}

/** Parts of text, and results in the forms of Anthropic's API (`content`) and of the AI SDK (`output.value`). */
function shortenPart(part: ContentPart, cut: (text: string) => string): ContentPart {
  const short = { ...part } as Record<string, unknown> & { type: string };
  for (const key of ['text', 'content']) {
    const text = short[key];
    if (typeof text === 'string') short[key] = cut(text);
    else if (Array.isArray(text) && key === 'content') {
      short[key] = (text as readonly ContentPart[]).map((inner) => shortenPart(inner, cut));
    }
  }
  const output = short['output'] as { value?: unknown } | undefined;
  if (typeof output?.value === 'string') short['output'] = { ...output, value: cut(output.value) };
  return short;
}
