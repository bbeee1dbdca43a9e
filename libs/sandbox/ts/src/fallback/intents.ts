/** What the intents of file actions have in common, and how decisions about them are put together. */

import type { ActionIntent, Decision } from '../types';
import { type RawPath, toText } from './raw-path';

/** Whether what is on disk stays as it is. */
export function isReading(intent: ActionIntent): boolean {
  return intent === 'read' || intent === 'list' || intent === 'execute';
}

/** Whether a link at the end of the path is followed. */
export function followsLastLink(intent: ActionIntent): boolean {
  return isReading(intent) || intent === 'write';
}

/** Whether what stands at the path is gone from there afterwards, with all that lies below it. */
export function takesAway(intent: ActionIntent): boolean {
  return intent === 'delete' || intent === 'rename' || intent === 'move';
}

/** A decision about a place that is free of links. */
export function answer(
  decision: Decision['decision'],
  reason: string,
  rule: string,
  path: RawPath,
): Decision {
  return { decision, reason, rule, resolvedPath: toText(path) };
}
