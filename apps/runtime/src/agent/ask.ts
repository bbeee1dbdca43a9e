/** One question to a model: its answer as a whole, or an error. What breaks on the way is asked again, a few times. */

import { randomUUID } from 'node:crypto';

import type { JSONSchema7, ModelMessage, ToolSet } from 'ai';
import { z } from 'zod';

import { RUNTIME_CODES } from '../codes.js';
import type { Tool } from '../runtime.js';
import type { TokenUsage } from './conversation.js';
import type { ModelConnection } from './models.js';

/** A whole answer. */
export interface Answer {
  readonly id: string;
  /** The message, its calls under ids of our own: those of a server may repeat. */
  readonly message: ModelMessage;
  readonly finishReason: string;
  /** As the server counts; null where it does not. */
  readonly usage: TokenUsage | null;
  readonly malformed: Readonly<Record<string, string>>;
}

/** What is asked, and how long. */
export interface Question {
  readonly system: string;
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly Tool[];
  readonly signal: AbortSignal;
  /** Longest silence, in milliseconds. */
  readonly silenceMs: number;
  /** Most tokens of the answer, where that has to be said. */
  readonly maxOutputTokens?: number | undefined;
  /** Told before it is asked again. */
  readonly onRetry?: ((problem: string) => void) | undefined;
}

/** Times that a question is asked in all. */
const ATTEMPTS = 4;

/** Wait before the second attempt, in milliseconds; it doubles. */
const FIRST_WAIT_MS = 250;

/** Longest wait that a server may ask for. */
const LONGEST_WAIT_MS = 60_000;

/** Longest answer, in characters: a model that never ends is cut off. */
const MAX_ANSWER = 2_000_000;

/** Asks. @throws FishplateError `MODEL_FAILED`; the signal's reason where it is aborted. */
export async function ask(connection: ModelConnection, question: Question): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await askOnce(connection, question);
    } catch (cause) {
      question.signal.throwIfAborted();
      const problem = describe(cause);
      if (attempt === ATTEMPTS || !mayPass(cause)) {
        const times = attempt === 1 ? '' : ` (asked ${attempt} times)`;
        throw RUNTIME_CODES.error('MODEL_FAILED', `${connection.name} did not answer: ${problem}${times}`, {
          cause,
        });
      }
      question.onRetry?.(problem);
      await pause(waitFor(cause, attempt), question.signal);
    }
  }
}

async function askOnce(connection: ModelConnection, question: Question): Promise<Answer> {
  const { sdk, model } = connection;
  const { system, messages, tools, silenceMs, maxOutputTokens } = question;
  const silence = new Watchdog(silenceMs);
  const stream = sdk.streamText({
    model,
    system,
    messages: [...messages],
    tools: Object.fromEntries(tools.map((tool) => [tool.name, shown(sdk, tool)])) as ToolSet,
    abortSignal: AbortSignal.any([question.signal, silence.signal]),
    // What fails in the middle has to be asked again as well, so all of it is done here.
    maxRetries: 0,
    onError: () => undefined,
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
  });
  const reasons = new Map<string, string>();
  let [finishReason, usage, length] = ['unknown', null as TokenUsage | null, 0];
  try {
    for await (const part of stream.fullStream) {
      silence.reset();
      if (part.type === 'error') throw part.error;
      if (part.type === 'abort') throw new Error('the answer was cut off');
      if (part.type === 'text-delta' || part.type === 'reasoning-delta') length += part.text.length;
      if (part.type === 'tool-input-delta') length += part.delta.length;
      if (length > MAX_ANSWER) throw new Endless();
      if (part.type === 'tool-call' && part.invalid === true) {
        reasons.set(part.toolCallId, messageOf(part.error));
      }
      if (part.type === 'finish-step') {
        finishReason = part.finishReason;
        const { inputTokens, outputTokens } = part.usage;
        if (inputTokens !== undefined && outputTokens !== undefined) usage = { inputTokens, outputTokens };
      }
    }
    const { messages: made } = await stream.response;
    if (length === 0) throw new Error('the answer is empty');
    return { ...renamed(made, reasons), finishReason, usage };
  } catch (error) {
    silence.signal.throwIfAborted();
    throw error;
  } finally {
    silence.stop();
    // Who breaks off has to hang up, too: the SDK goes on taking in what nobody reads.
    silence.hangUp();
  }
}

/** The runtime checks inputs itself, so that a model gets its codes and hints. */
function shown(sdk: ModelConnection['sdk'], { description, inputSchema }: Tool) {
  const { $schema: _, ...schema } = z.toJSONSchema(inputSchema, { io: 'input' });
  return sdk.tool({ description, inputSchema: sdk.jsonSchema(schema as JSONSchema7) });
}

/** The assistant's message under new ids. Results that the SDK made for malformed calls are ours to make. */
function renamed(
  made: readonly ModelMessage[],
  reasons: ReadonlyMap<string, string>,
): Pick<Answer, 'id' | 'message' | 'malformed'> {
  const id = randomUUID();
  const malformed: Record<string, string> = {};
  const message = made.find(({ role }) => role === 'assistant') ?? { role: 'assistant', content: [] };
  if (typeof message.content === 'string' || message.role !== 'assistant') return { id, message, malformed };
  const content = message.content.map((part, index) => {
    if (part.type !== 'tool-call') return part;
    const toolCallId = `call_${id.slice(0, 8)}_${index}`;
    const reason = reasons.get(part.toolCallId);
    if (reason !== undefined) malformed[toolCallId] = reason;
    // Servers want an object here, whatever the model wrote.
    const isObject = typeof part.input === 'object' && part.input !== null && !Array.isArray(part.input);
    return { ...part, toolCallId, input: isObject ? part.input : {} };
  });
  return { id, message: { ...message, content }, malformed };
}

/** Aborts when nothing has come for a while. */
class Watchdog {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly ms: number) {
    this.reset();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  reset(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => this.controller.abort(new Error(`nothing came for ${this.ms} ms`)),
      this.ms,
    );
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  hangUp(): void {
    this.controller.abort(new Error('the answer is over'));
  }
}

/** An answer without an end would be no other the next time. */
class Endless extends Error {
  constructor() {
    super(`the answer is longer than ${MAX_ANSWER} characters`);
  }
}

/** Whether the same question may be answered another time: not where the server understood, and said no. */
function mayPass(cause: unknown): boolean {
  if (cause instanceof Endless) return false;
  const { statusCode } = cause as { statusCode?: unknown };
  if (typeof statusCode !== 'number' || statusCode < 400) return true;
  return statusCode >= 500 || [408, 409, 425, 429].includes(statusCode);
}

function waitFor(cause: unknown, attempt: number): number {
  const { responseHeaders } = cause as { responseHeaders?: Readonly<Record<string, string>> };
  const seconds = Number(responseHeaders?.['retry-after']);
  if (seconds > 0) return Math.min(seconds * 1000, LONGEST_WAIT_MS);
  return FIRST_WAIT_MS * 2 ** (attempt - 1);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(finish, ms);
    function finish(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    }
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });
}

/** Words of the server too, which say more than its number. */
function describe(cause: unknown): string {
  const { statusCode, responseBody } = cause as { statusCode?: number; responseBody?: string };
  const code = statusCode === undefined ? '' : `${statusCode} `;
  const { cause: deeper } = cause as Error;
  const inner = deeper instanceof Error && deeper.message !== '' ? ` (${deeper.message})` : '';
  const body = responseBody === undefined || statusCode === 200 ? '' : `: ${responseBody.slice(0, 300)}`;
  return `${code}${messageOf(cause)}${inner}${body}`.slice(0, 600);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : typeof error === 'string' ? error : JSON.stringify(error);
}
