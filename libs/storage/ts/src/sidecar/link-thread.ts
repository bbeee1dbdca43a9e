/** The thread that holds a connection: messages of its parent go to the socket, answers come back. */

import { createConnection } from 'node:net';
import { workerData } from 'node:worker_threads';

import { Frames, frame } from './frames';
import type { Incoming, LinkData, Outgoing } from './link';
import type { Response } from './protocol';

const { socket: path, port, signal } = workerData as LinkData;

function tell(message: Incoming): void {
  port.postMessage(message);
  Atomics.add(signal, 0, 1);
  Atomics.notify(signal, 0);
}

let isOver = false;

function end(reason: string): void {
  if (isOver) return;
  isOver = true;
  tell({ lost: reason });
  socket.destroy();
}

process.on('uncaughtException', (error) => end(error.message));

const frames = new Frames();
const socket = createConnection(path);
socket.on('connect', () => tell({ connected: true }));
socket.on('data', (bytes: Buffer) => {
  frames.feed(bytes);
  for (let next = frames.next(); next !== null; next = frames.next()) tell(next.message as Response);
});
socket.on('error', (error) => end(error.message));
socket.on('close', () => end('it hung up'));

port.on('message', ({ id, method, params, attachment }: Outgoing) => {
  if (isOver) return;
  socket.cork();
  for (const piece of frame({ jsonrpc: '2.0', id, method, params }, attachment)) socket.write(piece);
  socket.uncork();
});
