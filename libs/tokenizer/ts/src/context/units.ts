/** A history as units that stay together: a message, or calls with all their results. */

import type { ChatMessage, ContentPart } from '../chat';

/** Why a unit cannot be kept, whatever the budget. */
export type Broken = 'result-without-call' | 'call-without-result';

/** Messages between two stops: about a millisecond. */
export const STRIDE = 1 << 9;

export interface Unit {
  /** Places of its messages in the history, in order. */
  readonly indices: number[];
  readonly isSystem: boolean;
  readonly broken?: Broken;
}

/**
 * Units in the order of their first messages. A message that answers calls of several messages makes them one unit; one that
 * answers a call that nobody made, or that was answered before, is broken, as its API would refuse it. Calls whose results are
 * still to come are whole where nothing but results of theirs follows. Stops now and then, so that a caller may let others
 * work.
 */
export function* unitsOf(messages: readonly ChatMessage[]): Generator<undefined, Unit[]> {
  const links = new Links(messages.length);
  for (let index = 0; index < messages.length; index++) {
    if (index % STRIDE === STRIDE - 1) yield;
    links.add(messages[index]!, index);
  }
  const units: (Unit & { broken?: Broken })[] = [];
  // By the first message of each.
  const places = new Uint32Array(messages.length);
  for (let index = 0; index < messages.length; index++) {
    if (index % STRIDE === STRIDE - 1) yield;
    const root = links.rootOf(index);
    if (root === index) {
      places[root] = units.length;
      units.push({ indices: [index], isSystem: links.isSystem(messages[index]!) });
    } else units[places[root]!]!.indices.push(index);
  }
  for (let place = 0; place < units.length; place++) {
    if (place % STRIDE === STRIDE - 1) yield;
    const unit = units[place]!;
    const root = unit.indices[0]!;
    const isLast = unit.indices.length === messages.length - root;
    if (links.orphans.has(root)) unit.broken = 'result-without-call';
    else if (links.open[root]! > 0 && !isLast) unit.broken = 'call-without-result';
  }
  return units;
}

/** Which messages belong together: each points to an earlier one, the first of all to itself. */
class Links {
  /** Calls without results, by the first message of a unit. */
  readonly open: Uint32Array;
  /** First messages of units that hold a result without a call. */
  readonly orphans = new Set<number>();
  private readonly earlier: Uint32Array;
  /** The latest calls of each id, which are those that a result answers. */
  private readonly callers = new Map<string, { readonly index: number; open: number }>();

  constructor(count: number) {
    this.open = new Uint32Array(count);
    this.earlier = new Uint32Array(count);
    for (let index = 0; index < count; index++) this.earlier[index] = index;
  }

  add(message: ChatMessage, index: number): void {
    const calls = callIds(message);
    const results = resultIds(message);
    if (calls.length === 0 && results.length === 0) return;
    const own = new Map<string, number>();
    for (const id of calls) own.set(id, (own.get(id) ?? 0) + 1);
    const answered: string[] = [];
    for (const id of results) {
      // What the provider executed has call and result in one message.
      const count = own.get(id) ?? 0;
      if (count > 0) own.set(id, count - 1);
      else answered.push(id);
    }
    if (this.mayAnswer(answered)) for (const id of answered) this.answer(id, index);
    else this.orphans.add(index);
    const root = this.rootOf(index);
    for (const [id, open] of own) {
      this.callers.set(id, { index, open });
      this.open[root]! += open;
    }
  }

  rootOf(index: number): number {
    let root = index;
    while (this.earlier[root] !== root) root = this.earlier[root]!;
    // Straight to the first one from now on.
    for (let at = index; at !== root; ) {
      const next = this.earlier[at]!;
      this.earlier[at] = root;
      at = next;
    }
    return root;
  }

  /** System messages that call or answer are as others that do. */
  isSystem(message: ChatMessage): boolean {
    if (message.role !== 'system' && message.role !== 'developer') return false;
    return callIds(message).length === 0 && resultIds(message).length === 0;
  }

  private mayAnswer(ids: readonly string[]): boolean {
    const wanted = new Map<string, number>();
    for (const id of ids) wanted.set(id, (wanted.get(id) ?? 0) + 1);
    for (const [id, count] of wanted) if ((this.callers.get(id)?.open ?? 0) < count) return false;
    return true;
  }

  private answer(id: string, index: number): void {
    const caller = this.callers.get(id)!;
    caller.open--;
    const [one, other] = [this.rootOf(caller.index), this.rootOf(index)];
    this.open[one]!--;
    if (one === other) return;
    const [first, later] = one < other ? [one, other] : [other, one];
    this.earlier[later] = first;
    this.open[first]! += this.open[later]!;
    if (this.orphans.has(later)) this.orphans.add(first);
  }
}

/** Whether a message answers calls. */
export function isResult(message: ChatMessage): boolean {
  return resultIds(message).length > 0;
}

/** Types of parts that are results, in Anthropic's API and in the AI SDK. */
export const RESULT_PARTS: readonly string[] = ['tool_result', 'tool-result'];

function callIds(message: ChatMessage): string[] {
  const calls = (message.tool_calls ?? []).map(({ id }) => idOf(id));
  return [...calls, ...partIds(message, ['tool_use', 'tool-call'], ['id', 'toolCallId'])];
}

function resultIds(message: ChatMessage): string[] {
  const parts = partIds(message, RESULT_PARTS, ['tool_use_id', 'toolCallId']);
  if (parts.length > 0) return parts;
  if (message.role !== 'tool' && (message.tool_call_id ?? undefined) === undefined) return [];
  return [idOf(message.tool_call_id)];
}

function partIds(message: ChatMessage, types: readonly string[], keys: readonly string[]): string[] {
  if (!Array.isArray(message.content)) return [];
  const parts = (message.content as readonly ContentPart[]).filter(({ type }) => types.includes(type));
  return parts.map((part) => idOf(keys.map((key) => part[key]).find((found) => found !== undefined)));
}

/** Some services have calls and results without ids: these belong together in their order. */
function idOf(id: unknown): string {
  return typeof id === 'string' || typeof id === 'number' ? String(id) : '';
}
