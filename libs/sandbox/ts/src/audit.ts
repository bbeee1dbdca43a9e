/** Records of what was decided and done. */

import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { isPromise } from 'node:util/types';

import type { AuditRecord } from './types';

/** What is told of an event; the rest of its record is made here. */
export type AuditEvent = Omit<AuditRecord, 'auditId' | 'time' | 'actor'>;

/** Makes records, and gives them to the listener. */
export class Audit {
  private last = 0n;

  constructor(
    private readonly actor: string,
    private readonly listener: ((record: AuditRecord) => void) | undefined,
  ) {}

  /** Whether somebody is told. */
  get isHeard(): boolean {
    return this.listener !== undefined;
  }

  /** A new id: a UUID of version 7 (RFC 9562), above all before it also where the clock was set back. */
  nextId(): string {
    // 48 bits of time, then 12 bits that count within a millisecond.
    const now = BigInt(Date.now()) << 12n;
    this.last = now > this.last ? now : this.last + 1n;
    const head = this.last.toString(16).padStart(15, '0');
    const tail = randomBytes(8);
    tail[0] = (tail[0]! & 0x3f) | 0x80;
    const rest = tail.toString('hex');
    return `${head.slice(0, 8)}-${head.slice(8, 12)}-7${head.slice(12)}-${rest.slice(0, 4)}-${rest.slice(4)}`;
  }

  /**
   * Tells of an event. A listener that throws ends nothing: the caller is told by `process.emitWarning`.
   *
   * @returns The record's id.
   */
  tell(event: AuditEvent, auditId: string = this.nextId()): string {
    if (this.listener === undefined) return auditId;
    try {
      const told: unknown = this.listener({ auditId, time: Date.now(), actor: this.actor, ...event });
      // A listener may be async; nobody else waits for it.
      if (isPromise(told)) told.catch(warn);
    } catch (error) {
      warn(error);
    }
    return auditId;
  }
}

function warn(error: unknown): void {
  process.emitWarning(`an audit listener threw: ${inspect(error)}`, 'FishplateAuditWarning');
}
