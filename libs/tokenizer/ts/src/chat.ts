/** Tokens of chat messages. */

import { TOKENIZER_CODES } from './codes';
import { type AsyncOptions, countTokensBatch, countTokensBatchAsync, type EngineOptions } from './count';
import type { Encoding, Model } from './encodings';
import { checkOptions, kind } from './input';
import { jsonOf } from './json';
import { pause } from './patience';

/** A call of a tool, in the form of OpenAI's API. */
export interface ToolCall {
  readonly id: string;
  readonly type?: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

/** A part of a message's content; those of type `text` have a `text`, others are kept as they are. */
export interface ContentPart {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** A message in the form of OpenAI's API; parts may be those of Anthropic's and of the AI SDK too. */
export interface ChatMessage {
  readonly role: string;
  readonly content?: string | null | readonly ContentPart[];
  readonly name?: string;
  readonly tool_calls?: readonly ToolCall[];
  readonly tool_call_id?: string;
}

/** Tokens that open and close a message. */
const PER_MESSAGE = 3;
/** Tokens that open the answer. */
export const ANSWER_TOKENS = 3;
/** Messages whose texts are collected at once: well below a millisecond, unless their parts are many. */
const MESSAGES_A_PART = 256;
/** The one model that counted otherwise. */
const OLD_MODEL = 'gpt-3.5-turbo-0301';

/**
 * Tokens of a request of these messages, the opening of the answer among them. For messages of role, content and name this is
 * OpenAI's published rule. Names and arguments of tool calls, and parts that are no text (as JSON), count as the text that
 * they are: what the service makes of them is not published, nor what images cost.
 *
 * @throws FishplateError `INPUT_INVALID`, `ENCODING_UNKNOWN`.
 */
export function countChatTokens(
  messages: readonly ChatMessage[],
  model?: Encoding | Model,
  options?: EngineOptions,
): number {
  return sum(messageTokens(messages, model, options)) + ANSWER_TOKENS;
}

/**
 * {@link countChatTokens} in parts of some milliseconds, between which the event loop runs.
 *
 * @throws FishplateError as countChatTokens; the signal's reason.
 */
export async function countChatTokensAsync(
  messages: readonly ChatMessage[],
  model?: Encoding | Model,
  options?: AsyncOptions,
): Promise<number> {
  const wanted = checkOptions(options);
  const copy = Array.isArray(messages) ? (messages.slice() as ChatMessage[]) : messages;
  return sum(await messageTokensAsync(copy, model, wanted)) + ANSWER_TOKENS;
}

/** Tokens of each message. */
export function messageTokens(
  messages: readonly ChatMessage[],
  model: Encoding | Model | undefined,
  options?: EngineOptions,
): Uint32Array {
  const { texts, owners } = textsOf(messages);
  return summed(messages, model, owners, countTokensBatch(texts, model, options));
}

/** The same in parts. */
export async function messageTokensAsync(
  messages: readonly ChatMessage[],
  model: Encoding | Model | undefined,
  options: AsyncOptions,
): Promise<Uint32Array> {
  checkMessages(messages);
  const patience = pause(options.signal);
  const found: MessageTexts = { texts: [], owners: [] };
  for (let index = 0; index < messages.length; index++) {
    if (index % MESSAGES_A_PART === 0) await patience();
    addTexts(messages[index]!, index, found);
  }
  return summed(messages, model, found.owners, await countTokensBatchAsync(found.texts, model, options));
}

interface MessageTexts {
  readonly texts: string[];
  /** The message of each text. */
  readonly owners: number[];
}

function textsOf(messages: readonly ChatMessage[]): MessageTexts {
  checkMessages(messages);
  const found: MessageTexts = { texts: [], owners: [] };
  for (let index = 0; index < messages.length; index++) addTexts(messages[index]!, index, found);
  return found;
}

function checkMessages(messages: unknown): void {
  if (Array.isArray(messages)) return;
  throw TOKENIZER_CODES.error('INPUT_INVALID', `messages must be an array, and is ${kind(messages)}`);
}

function addTexts(message: ChatMessage, index: number, { texts, owners }: MessageTexts): void {
  const add = (text: unknown, name: string): void => {
    if (typeof text !== 'string') throw invalid(index, name, 'a string', text);
    texts.push(text);
    owners.push(index);
  };
  if (typeof message !== 'object' || message === null) {
    throw TOKENIZER_CODES.error(
      'INPUT_INVALID',
      `messages[${index}] must be an object, and is ${kind(message)}`,
    );
  }
  const { role, content, name, tool_calls: calls } = message;
  add(role, 'role');
  if (name !== undefined) add(name, 'name');
  if (typeof content === 'string') add(content, 'content');
  else if (Array.isArray(content)) {
    for (const part of content as readonly ContentPart[]) {
      if (typeof part !== 'object' || part === null) throw invalid(index, 'content', 'of objects', part);
      const isText = part.type === 'text' && typeof part['text'] === 'string';
      add(isText ? part['text'] : jsonOf(part, `messages[${index}].content`), 'content');
    }
  } else if (content !== undefined && content !== null) {
    throw invalid(index, 'content', 'a string, an array or null', content);
  }
  if (calls === undefined || calls === null) return;
  if (!Array.isArray(calls)) throw invalid(index, 'tool_calls', 'an array', calls);
  for (const call of calls as readonly ToolCall[]) {
    const called: unknown = call?.function;
    if (typeof called !== 'object' || called === null) throw invalid(index, 'tool_calls', 'of calls', call);
    add(call.function.name, 'tool_calls');
    add(call.function.arguments, 'tool_calls');
  }
}

function summed(
  messages: readonly ChatMessage[],
  model: string | undefined,
  owners: readonly number[],
  counts: Uint32Array,
): Uint32Array {
  const isOld = model === OLD_MODEL;
  const totals = new Uint32Array(messages.length).fill(isOld ? PER_MESSAGE + 1 : PER_MESSAGE);
  for (let index = 0; index < owners.length; index++) totals[owners[index]!]! += counts[index]!;
  for (let index = 0; index < messages.length; index++) {
    if (messages[index]!.name !== undefined) totals[index]! += isOld ? -1 : 1;
  }
  return totals;
}

function invalid(index: number, name: string, rule: string, value: unknown): Error {
  const message = `messages[${index}].${name} must be ${rule}, and is ${kind(value)}`;
  return TOKENIZER_CODES.error('INPUT_INVALID', message);
}

export function sum(counts: Iterable<number>): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
