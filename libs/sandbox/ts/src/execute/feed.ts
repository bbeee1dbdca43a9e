/** A stream of input for a command: read as fast as the command takes it. */

/** Where input goes. */
export interface InputSink {
  /** Fulfilled once there is room for more. */
  write(bytes: Buffer): Promise<void> | void;
  end(): void;
}

/**
 * Feeds a command until its input or the command itself has ended.
 *
 * @returns Ends it: nothing more is read, and a stream of Node is destroyed.
 */
export function feed(
  source: AsyncIterable<string | Uint8Array>,
  sink: InputSink,
  onError: (error: unknown) => void,
): () => void {
  let isOver = false;
  let iterator: AsyncIterator<string | Uint8Array, unknown> | undefined;
  const work = async (): Promise<void> => {
    // In here, so that a source that refuses to be read ends the command too.
    iterator = source[Symbol.asyncIterator]();
    for (;;) {
      const next = await iterator.next();
      if (isOver) return;
      if (next.done === true) break;
      await sink.write(bytesOf(next.value));
      // A source that always has more, and a command that has ended, would leave the event loop no turn.
      await new Promise((resolve) => setImmediate(resolve));
      if (isOver) return;
    }
    sink.end();
  };
  work().catch((error: unknown) => {
    if (!isOver) onError(error);
  });
  const release = async (): Promise<void> => {
    // A stream that waits for bytes that never come would keep the process alive; a generator may not be asked twice at once.
    if ('destroy' in source && typeof source.destroy === 'function') (source.destroy as () => void)();
    else await iterator?.return?.();
  };
  return () => {
    if (isOver) return;
    isOver = true;
    // The command has ended: what the source throws now, at once or later, is nobody's.
    release().catch(() => undefined);
  };
}

function bytesOf(value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError(`a stream of input gives strings or Uint8Arrays, and gave ${typeof value}`);
}
