/** The conversation with a model, as the log of a session holds it: a process after a kill finds all of it there. */

import { randomUUID } from 'node:crypto';

import type { ModelMessage } from 'ai';

import type { SessionHandle } from '../runtime.js';

/** Tokens of one request, or of several. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What a person asked for. */
export interface TaskNote {
  readonly kind: 'task';
  readonly id: string;
}

/** What a model answered. */
export interface TurnNote {
  readonly kind: 'turn';
  readonly id: string;
  readonly model: string;
  readonly finishReason: string;
  readonly usage: TokenUsage;
  /** Ids of calls that cannot be made as they were written, each with the reason. */
  readonly malformed: Readonly<Record<string, string>>;
}

/** What a call came to. */
export interface ResultNote {
  readonly kind: 'result';
  readonly call: string;
}

/** What the runtime says to the model. */
export interface HintNote {
  readonly kind: 'hint';
}

type Note = TaskNote | TurnNote | ResultNote | HintNote;

/** A message with what only we need to know of it. */
export interface Recorded<N extends Note = Note> {
  readonly message: ModelMessage;
  readonly note: N;
}

/** A call that a model asks for. */
export interface RequestedCall {
  readonly id: string;
  readonly tool: string;
  readonly input: unknown;
  /** Why it cannot be made as it was written. */
  readonly malformed?: string;
}

/** One conversation, in a session. */
export class Conversation {
  private constructor(
    private readonly session: SessionHandle,
    private readonly list: Recorded[],
  ) {}

  /** The conversation of a session so far. Messages of other hosts are passed over. */
  static async open(session: SessionHandle): Promise<Conversation> {
    return new Conversation(session, (await session.messages()).flatMap(parse));
  }

  get recorded(): readonly Recorded[] {
    return this.list;
  }

  /** Messages and notes from the latest task on. */
  get current(): readonly Recorded[] {
    const start = this.list.findLastIndex(({ note }) => note.kind === 'task');
    return start === -1 ? [] : this.list.slice(start);
  }

  /** The latest turn, where nothing but results of its calls follows. */
  get lastTurn(): Recorded<TurnNote> | undefined {
    const last = this.list.findLast(({ note }) => note.kind !== 'result');
    return last?.note.kind === 'turn' ? (last as Recorded<TurnNote>) : undefined;
  }

  /** Calls of the latest turn that have no result yet: their process ended before. */
  get openCalls(): readonly RequestedCall[] {
    const turn = this.lastTurn;
    if (turn === undefined) return [];
    const done = new Set(this.current.flatMap(({ note }) => (note.kind === 'result' ? [note.call] : [])));
    return callsOf(turn).filter(({ id }) => !done.has(id));
  }

  task(text: string): Promise<void> {
    return this.add({ message: { role: 'user', content: text }, note: { kind: 'task', id: randomUUID() } });
  }

  hint(text: string): Promise<void> {
    return this.add({ message: { role: 'user', content: text }, note: { kind: 'hint' } });
  }

  turn(message: ModelMessage, note: Omit<TurnNote, 'kind'>): Promise<void> {
    return this.add({ message, note: { kind: 'turn', ...note } });
  }

  result({ id, tool }: RequestedCall, text: string, isError: boolean): Promise<void> {
    const output = { type: isError ? ('error-text' as const) : ('text' as const), value: text };
    const part = { type: 'tool-result' as const, toolCallId: id, toolName: tool, output };
    return this.add({ message: { role: 'tool', content: [part] }, note: { kind: 'result', call: id } });
  }

  private async add(recorded: Recorded): Promise<void> {
    await this.session.record({ ...recorded.message, fishplate: recorded.note });
    this.list.push(recorded);
  }
}

/** The calls of a turn, in order. */
export function callsOf({ message, note }: Recorded<TurnNote>): RequestedCall[] {
  if (message.role !== 'assistant' || typeof message.content === 'string') return [];
  return message.content.flatMap((part) => {
    if (part.type !== 'tool-call') return [];
    const { toolCallId: id, toolName: tool, input } = part;
    const malformed = note.malformed[id];
    return [{ id, tool, input, ...(malformed === undefined ? {} : { malformed }) }];
  });
}

/** The text of a turn. */
export function textOf({ content }: ModelMessage): string {
  if (typeof content === 'string') return content;
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');
}

function parse(value: unknown): Recorded[] {
  if (typeof value !== 'object' || value === null || !('fishplate' in value)) return [];
  const { fishplate, ...message } = value as { fishplate: Note } & ModelMessage;
  return [{ message: message, note: fishplate }];
}
