/** The sidecar of this process: found, or started, by whichever thread needs it first. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';

import { isFishplateError } from '@fishplate/engine';

import { SANDBOX_CODES } from '../codes';
import { Connection } from './connection';
import { privateDirectory, socketIn } from './place';

// One level below the package root both as src/ and as dist/.
const { version } = require('../../package.json') as { version: string };

/** How long the sidecar may take to be there, in ms. */
const START_MS = 10_000;

/** Between two looks at whether another thread's sidecar is there, in ms. */
const PAUSE_MS = 10;

/** What the sidecar exits with where another one serves already. */
const IN_USE = 75;

/** Variables by which the daemon finds sockets to cover and a place for temporary files. No command gets them from it. */
const FOUND_BY = ['SSH_AUTH_SOCK', 'GPG_AGENT_INFO', 'WAYLAND_DISPLAY', 'TMPDIR'];

const LISTENING = Symbol('listening');

/** How much is kept of what it says, in characters. */
const SAID = 2000;

const sidecars = new Map<string, Sidecar>();

/** The sidecar of these executables; one for all sandboxes of this thread. */
export function sidecarOf(executable: string, helper: string): Sidecar {
  const key = JSON.stringify([executable, helper]);
  let sidecar = sidecars.get(key);
  if (sidecar === undefined) {
    sidecar = new Sidecar(executable, helper);
    sidecars.set(key, sidecar);
  }
  return sidecar;
}

/** Runs as long as somebody uses it: the daemon ends when the last connection of the process is gone. */
export class Sidecar {
  private users = 0;
  private connection: Promise<Connection> | null = null;
  private child: ChildProcess | null = null;
  private said = '';
  private cleaned: string | null = null;

  constructor(
    private readonly executable: string,
    private readonly helper: string,
  ) {}

  /** Says that a sandbox uses it, until {@link leave}. */
  enter(): void {
    this.users += 1;
  }

  leave(): void {
    this.users -= 1;
    if (this.users > 0) return;
    const { connection } = this;
    this.connection = null;
    void connection?.then(
      (open) => open.end(),
      () => undefined,
    );
    this.child?.stdin?.end();
    this.child = null;
  }

  /** A connection that is open, the same for all. @throws FishplateError `SIDECAR_UNAVAILABLE`. */
  async connect(): Promise<Connection> {
    const before = this.connection;
    const open = await before?.catch(() => null);
    if (open?.isOpen) return open;
    // Of those that wait here, the first one makes the next.
    if (this.connection === before) this.connection = this.establish();
    return this.connection ?? this.connect();
  }

  private async establish(): Promise<Connection> {
    const end = Date.now() + START_MS;
    for (;;) {
      const directory = privateDirectory([this.executable, this.helper]);
      this.cleanAtExit(directory);
      const socket = await tryConnect(socketIn(directory));
      const connection = socket === null ? null : await this.greet(socket);
      if (connection !== null) return connection;
      if (Date.now() > end) throw this.unavailable(`does not answer within ${START_MS} ms`);
      if (socket !== null || !(await this.start(directory, end))) await delay(PAUSE_MS);
    }
  }

  /** Null where the sidecar is just ending. */
  private async greet(socket: Socket): Promise<Connection | null> {
    const connection = new Connection(socket, () => this.said.trim());
    const timer = setTimeout(() => connection.end(), START_MS);
    try {
      await connection.call('initialize', { version });
      return connection;
    } catch (error) {
      connection.end();
      if (isFishplateError(error) && error.code === 'SIDECAR_LOST') return null;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Starts a daemon. False where another thread has just done so, or is ending one. */
  private async start(directory: string, end: number): Promise<boolean> {
    const socket = socketIn(directory);
    this.said = '';
    const child = spawn(this.executable, ['--socket', socket, '--helper', this.helper, '--parent'], {
      cwd: '/',
      env: named(FOUND_BY),
      // Ctrl-C is this process' to handle, and the end of its input is what ends the daemon.
      detached: true,
      stdio: 'pipe',
    });
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.said = (this.said + text).slice(-SAID);
    });
    const outcome = await begun(child, end);
    if (outcome === LISTENING) {
      this.child?.stdin?.end();
      this.child = child;
      child.unref();
      child.stdout.destroy();
      for (const stream of [child.stdin, child.stderr]) (stream as unknown as Socket).unref();
      return true;
    }
    child.kill('SIGKILL');
    if (outcome === IN_USE) {
      this.said = '';
      return false;
    }
    // A daemon that ended took its directory with it.
    if (typeof outcome === 'number' && !existsSync(directory)) return false;
    throw this.unavailable(
      outcome instanceof Error ? `does not start: ${outcome.message}` : `ended (${String(outcome)})`,
    );
  }

  private unavailable(what: string): Error {
    const said = this.said.trim();
    return SANDBOX_CODES.error(
      'SIDECAR_UNAVAILABLE',
      `the sidecar ${this.executable} ${what}${said === '' ? '' : `; it said: ${said}`}`,
    );
  }

  /** A daemon that was killed leaves its directory. */
  private cleanAtExit(directory: string): void {
    if (!isMainThread || this.cleaned !== null) return;
    this.cleaned = directory;
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  }
}

function named(names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => names.includes(name)));
}

function tryConnect(path: string): Promise<Socket | null> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const fail = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET')
        resolve(null);
      else {
        const message = `the sidecar's socket cannot be used: ${error.message}`;
        reject(SANDBOX_CODES.error('SIDECAR_UNAVAILABLE', message, { cause: error }));
      }
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/** How a daemon began: or its exit code, its signal, why it could not be started. */
type Beginning = typeof LISTENING | number | string | Error;

/** Waits until a daemon listens, or does not. */
function begun(child: ChildProcess, end: number): Promise<Beginning> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle('it says nothing'), Math.max(end - Date.now(), 0));
    const settle = (outcome: Beginning): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    child.once('error', settle);
    // Not `exit`: what it said comes before.
    child.once('close', (code, signal) => settle(code ?? signal ?? 'without a word'));
    child.stdout?.once('data', () => settle(LISTENING));
  });
}
