/** Tool outputs cut in the middle. */

import type { ChatMessage, ContentPart } from '../chat';
import type { EngineOptions } from '../count';
import type { Encoding, Model } from '../encodings';
import { jsonOf } from '../json';
import { truncateTokens } from '../truncate';
import { RESULT_PARTS } from './units';

/** Where something was cut. */
export const MARKER = '\n[... cut ...]\n';

/** The message with every text of its tool outputs at most `limit` tokens long. */
export function shorten(
  message: ChatMessage,
  limit: number,
  encoding: Encoding | Model | undefined,
  options: EngineOptions,
): ChatMessage {
  const cut = (text: string): string =>
    truncateTokens(text, limit, {
      ...(options.engine && { engine: options.engine }),
      side: 'middle',
      marker: MARKER,
      ...(encoding && { encoding }),
    });
  const { content } = message;
  if (typeof content === 'string') return { ...message, content: cut(content) };
  if (!Array.isArray(content)) return message;
  const parts = content as readonly ContentPart[];
  // What else stands in a message with parts that are results is no output.
  const isOutput = parts.some(isResultPart) ? isResultPart : (): boolean => true;
  return { ...message, content: parts.map((part) => (isOutput(part) ? shortenPart(part, cut) : part)) };
}

function isResultPart({ type }: ContentPart): boolean {
  return RESULT_PARTS.includes(type);
}

/** Parts of text, and results in the forms of Anthropic's API (`content`) and of the AI SDK (`output.value`). */
function shortenPart(part: ContentPart, cut: (text: string) => string): ContentPart {
  const short = { ...part } as Record<string, unknown> & { type: string };
  for (const key of ['text', 'content']) {
    const text = short[key];
    if (typeof text === 'string') short[key] = cut(text);
    else if (Array.isArray(text) && key === 'content') short[key] = shortenParts(text, cut);
  }
  const output = short['output'] as { type?: unknown; value?: unknown } | null | undefined;
  if (typeof output === 'object' && output !== null) short['output'] = shortenOutput(output, cut);
  return short;
}

function shortenParts(parts: readonly unknown[], cut: (text: string) => string): unknown[] {
  return parts.map((part) =>
    typeof part === 'object' && part !== null ? shortenPart(part as ContentPart, cut) : part,
  );
}

/** The AI SDK's output; of a JSON value that is too long, its text is cut, which is JSON no more. */
function shortenOutput(
  output: { type?: unknown; value?: unknown },
  cut: (text: string) => string,
): { type?: unknown; value?: unknown } {
  const { type, value } = output;
  if (typeof value === 'string' && !isJson(type)) return { ...output, value: cut(value) };
  if (type === 'content' && Array.isArray(value)) return { ...output, value: shortenParts(value, cut) };
  if (!isJson(type) || value === undefined) return output;
  const text = jsonOf(value);
  const short = cut(text);
  return short === text ? output : { ...output, type: type === 'json' ? 'text' : 'error-text', value: short };
}

function isJson(type: unknown): boolean {
  return type === 'json' || type === 'error-json';
}
