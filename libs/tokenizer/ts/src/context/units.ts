/** A history as units that stay together: a message, or calls with all their results. */

import type { ChatMessage, ContentPart } from '../chat';

/** Why a unit cannot be kept, whatever the budget. */
export type Broken = 'result-without-call' | 'call-without-result';

/** Messages between two stops: about a millisecond. */
export const STRIDE = 1 << 10;

export interface Unit {
  /** Places of its messages in the history, in order. */
  readonly indices: number[];
  readonly isSystem: boolean;
  readonly broken?: Broken;
}

/**
 * Units in the order of their first messages. Calls whose results are still to come are whole where nothing but results
 * follows them. Stops now and then, so that a caller may let others work.
 */
export function* unitsOf(messages: readonly ChatMessage[]): Generator<undefined, Unit[]> {
  const units: (Unit & { open: Set<string>; broken?: Broken })[] = [];
  const callers = new Map<string, number>();
  for (let index = 0; index < messages.length; index++) {
    if (index % STRIDE === STRIDE - 1) yield;
    const message = messages[index]!;
    const results = resultIds(message);
    const calls = callIds(message);
    if (results.length > 0 && calls.length === 0) {
      const caller = results.map((id) => callers.get(id)).find((unit) => unit !== undefined);
      if (caller !== undefined) {
        const unit = units[caller]!;
        unit.indices.push(index);
        for (const id of results) unit.open.delete(id);
        continue;
      }
      units.push({ indices: [index], isSystem: false, open: new Set(), broken: 'result-without-call' });
      continue;
    }
    // The latest call of an id is the one that a result answers.
    for (const id of calls) callers.set(id, units.length);
    const isSystem = message.role === 'system' || message.role === 'developer';
    units.push({ indices: [index], isSystem, open: new Set(calls) });
  }
  const last = units.length - 1;
  units.forEach((unit, index) => {
    if (unit.open.size > 0 && index !== last) unit.broken = 'call-without-result';
  });
  return units;
}

/** Whether a message answers calls. */
export function isResult(message: ChatMessage): boolean {
  return resultIds(message).length > 0;
}

function callIds(message: ChatMessage): string[] {
  const calls = (message.tool_calls ?? []).map(({ id }) => String(id));
  return [...calls, ...partIds(message, ['tool_use', 'tool-call'], ['id', 'toolCallId'])];
}

function resultIds(message: ChatMessage): string[] {
  const parts = partIds(message, ['tool_result', 'tool-result'], ['tool_use_id', 'toolCallId']);
  if (parts.length > 0) return parts;
  if (message.role !== 'tool' && message.tool_call_id === undefined) return [];
  return [String(message.tool_call_id)];
}

function partIds(message: ChatMessage, types: readonly string[], keys: readonly string[]): string[] {
  if (!Array.isArray(message.content)) return [];
  const parts = (message.content as readonly ContentPart[]).filter(({ type }) => types.includes(type));
  return parts.map((part) => {
    const id = keys.map((key) => part[key]).find((found) => found !== undefined);
    return typeof id === 'string' ? id : '';
  });
}
