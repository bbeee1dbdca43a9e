/** The process that writes a store for others. It ends with its last client. */

import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';

import { invalid } from '../arguments';
import type { Store } from '../store';
import type { Durability } from '../types';
import { type Frame, Frames, frame } from './frames';
import type { Place } from './place';
import { faultOf, PROTOCOL, type Request, type Response } from './protocol';

const MOST_CLIENTS = 64;
/** How long it waits for its first client, in ms. */
const FIRST_CLIENT = 10_000;
/** A client that has so many bytes under way is not read until some are done. */
const MOST_UNDER_WAY = 64 << 20;
const DURABILITIES: readonly Durability[] = ['memory', 'os', 'group', 'sync'];

type Params = Readonly<Record<string, unknown>>;

/** Serves a store until nobody is connected any more, or `end` is called. */
export class StoreServer {
  private readonly clients = new Set<Socket>();
  /** Those that have not said that they leave. */
  private readonly staying = new Set<Socket>();
  private isDeaf = false;
  private readonly server: Server;
  private readonly lonely: NodeJS.Timeout;
  private ending: Promise<void> | null = null;

  constructor(
    private readonly store: Store,
    private readonly place: Place,
    private readonly onEnd: () => void,
  ) {
    this.server = createServer((socket) => this.admit(socket));
    this.server.maxConnections = MOST_CLIENTS;
    this.lonely = setTimeout(() => void this.end(), FIRST_CLIENT);
  }

  /** Listens. Who has the lock of the store may replace a socket that is left there. */
  async listen(): Promise<void> {
    rmSync(this.place.socket, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.place.socket, resolve);
    });
  }

  /** Closes the store and hangs up; nobody new comes before that. */
  end(): Promise<void> {
    this.ending ??= this.finish();
    return this.ending;
  }

  private async finish(): Promise<void> {
    this.stopListening();
    // A failure is told to who asks to close; here nobody listens.
    await this.store.close().catch(() => {});
    for (const client of this.clients) client.end();
    this.onEnd();
  }

  /** Before the store is closed: then the next sidecar may listen at the same place. */
  private stopListening(): void {
    if (this.isDeaf) return;
    this.isDeaf = true;
    clearTimeout(this.lonely);
    this.server.close();
    rmSync(this.place.socket, { force: true });
    this.place.release();
  }

  private admit(socket: Socket): void {
    if (this.isDeaf) {
      socket.destroy();
      return;
    }
    clearTimeout(this.lonely);
    this.clients.add(socket);
    this.staying.add(socket);
    const frames = new Frames();
    let underWay = 0;
    socket.on('data', (bytes: Buffer) => {
      try {
        frames.feed(bytes);
        for (let next = frames.next(); next !== null; next = frames.next()) {
          const { length } = next.attachment;
          underWay += length;
          if (underWay > MOST_UNDER_WAY) socket.pause();
          void this.answer(socket, next).finally(() => {
            underWay -= length;
            if (underWay <= MOST_UNDER_WAY) socket.resume();
          });
        }
      } catch {
        // Where the next message begins is not known.
        socket.destroy();
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.clients.delete(socket);
      this.staying.delete(socket);
      if (this.clients.size === 0) void this.end();
    });
  }

  private async answer(socket: Socket, { message, attachment }: Frame): Promise<void> {
    const { id, method, params } = (message ?? {}) as Partial<Request>;
    if (typeof id !== 'number' || typeof method !== 'string') {
      socket.destroy();
      return;
    }
    let response: Response;
    try {
      const run = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined;
      if (run === undefined) throw invalid(`there is no method ${JSON.stringify(method)}`);
      const result =
        method === 'close' ? await this.leave(socket) : await run(this.store, params ?? {}, attachment);
      response = { jsonrpc: '2.0', id, result: result ?? null };
    } catch (error) {
      response = { jsonrpc: '2.0', id, error: faultOf(error) };
    }
    if (!socket.destroyed) for (const piece of frame(response)) socket.write(piece);
  }

  /** The last one that leaves waits until the store is free. */
  private async leave(socket: Socket): Promise<void> {
    this.staying.delete(socket);
    if (this.staying.size > 0) {
      await this.store.flush();
      return;
    }
    this.stopListening();
    await this.store.close();
  }
}

const METHODS: Readonly<Record<string, (store: Store, params: Params, bytes: Buffer) => unknown>> = {
  open: (store) => ({
    protocol: PROTOCOL,
    pid: process.pid,
    engine: store.engine,
    openReport: store.openReport,
  }),
  append,
  flush: (store) => store.flush(),
  lastSeq: (store) => store.stats().lastSeq,
  stats: (store) => store.stats(),
  prune: (store, { before }) => store.prune(before as number),
  saveCheckpoint: (store, { id, base, stream, seq, metadata }, bytes) =>
    store.saveCheckpoint(id as string, bytes, {
      stream: stream as string,
      ...(base === undefined ? {} : { base: base as string }),
      ...(seq === undefined ? {} : { seq: seq as number }),
      ...(metadata === undefined ? {} : { metadata: JSON.parse(metadata as string) as unknown }),
    }),
  deleteCheckpoint: (store, { id }) => store.deleteCheckpoint(id as string),
  branch: (store, { stream, parent, from }) =>
    store.branch(from as number, { stream: stream as string, parent: parent as string }),
  close: () => null,
};

/** The number of the first event. */
async function append(store: Store, params: Params, bytes: Buffer): Promise<number> {
  const { layout, streams, isBatch, level } = params;
  const durability = DURABILITIES[level as number];
  if (!Array.isArray(layout) || !Array.isArray(streams) || durability === undefined) {
    throw invalid('append needs layout, streams and a level');
  }
  const events: { event: Buffer; stream: string }[] = [];
  let start = 0;
  for (let index = 0; index < layout.length; index += 2) {
    const end = layout[index] as number;
    events.push({
      event: bytes.subarray(start, end),
      stream: streams[layout[index + 1] as number] as string,
    });
    start = end;
  }
  if (isBatch === true) {
    const stream = (streams[0] ?? '') as string;
    const numbers = await store.appendBatch(
      events.map(({ event }) => event),
      { stream, durability },
    );
    return numbers[0] ?? 0;
  }
  // In one turn, so that their numbers follow each other.
  const numbers = await Promise.all(
    events.map(({ event, stream }) => store.append(event, { stream, durability })),
  );
  return numbers[0] ?? 0;
}
