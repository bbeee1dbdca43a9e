/** What goes over the socket: JSON-RPC 2.0. See docs/formats/stored.md. */

import { isFishplateError } from '@fishplate/engine';

import { STORAGE_CODES, type StorageCode } from '../codes';

/** Raised where one side would not understand the other. */
export const PROTOCOL = 1;

export interface Request {
  readonly jsonrpc: '2.0';
  readonly id: number;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface Fault {
  readonly code: number;
  readonly message: string;
  readonly data?: { readonly code: string; readonly details?: Record<string, unknown> };
}

export interface Response {
  readonly jsonrpc: '2.0';
  readonly id: number;
  readonly result?: unknown;
  readonly error?: Fault;
}

/** An error as it goes over. */
export function faultOf(error: unknown): Fault {
  if (!isFishplateError(error)) return { code: -32603, message: String(error) };
  const { code, message, details } = error;
  return { code: -32000, message, data: { code, ...(details === undefined ? {} : { details }) } };
}

/** An error that came over. */
export function errorOf({ message, data }: Fault): Error {
  const code = data?.code ?? 'ENGINE_FAULT';
  const known = Object.hasOwn(STORAGE_CODES.entries, code) ? (code as StorageCode) : 'ENGINE_FAULT';
  return STORAGE_CODES.error(known, message, data?.details === undefined ? {} : { details: data.details });
}

/** What a client knows where the process that writes is gone. */
export function lost(reason: string): Error {
  return STORAGE_CODES.error(
    'STORAGE_POISONED',
    `the sidecar that writes the store is gone (${reason}): what was not acknowledged may be there or not; close the store and open it again`,
  );
}

export function unavailable(message: string, cause?: unknown): Error {
  return STORAGE_CODES.error('SIDECAR_UNAVAILABLE', message, cause === undefined ? {} : { cause });
}
