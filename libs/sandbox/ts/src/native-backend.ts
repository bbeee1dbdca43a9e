/** The Rust core in this process: decisions, files and commands. */

import { constants } from 'node:os';

import { fromText, type SandboxNative, withCodes, withCodesAsync } from './native';
import type { Runner, RunOutcome, RunRequest } from './execute/runner';
import type { CheckedOptions } from './options';
import type { PolicyEngine } from './files';
import type { ChangeOutcome, Decision, Enforcement, FileChange, Violation } from './types';
import { feed } from './execute/feed';

type NativeSandbox = InstanceType<SandboxNative['NativeSandbox']>;
type NativeEnd = NonNullable<Parameters<Parameters<NativeSandbox['start']>[1]>[0]['end']>;

/** A sandbox of the core, and what decides by it. */
export interface NativePolicy {
  readonly sandbox: NativeSandbox;
  readonly policyEngine: PolicyEngine;
}

/**
 * Decides, reads and writes; runs commands where `helper` is given.
 *
 * @throws FishplateError `POLICY_INVALID`, `WORKSPACE_INVALID`, `GRANT_INVALID`.
 */
export function openNativePolicy(native: SandboxNative, options: CheckedOptions, helper = ''): NativePolicy {
  const { workspace, policy, home } = options;
  const sandbox = withCodes(() => new native.NativeSandbox(workspace, JSON.stringify(policy), home, helper));
  withCodes(() => sandbox.updateGrants(JSON.stringify(options.grants)));
  const policyEngine: PolicyEngine = {
    workspace: sandbox.workspace,
    evaluate: (path, intent) => JSON.parse(withCodes(() => sandbox.evaluate(path, intent))) as Decision,
    updateGrants: (grants) => withCodes(() => sandbox.updateGrants(JSON.stringify(grants))),
    readFile: (path, maxBytes) => withCodesAsync(() => sandbox.readFile(path, maxBytes)),
    readFileState: (path, maxBytes) => withCodesAsync(() => sandbox.readFileState(path, maxBytes)),
    writeFile: (path, data) => withCodesAsync(() => sandbox.writeFile(path, data)),
    changeFiles: (changes) => changeNative(sandbox, changes),
    delete: (path) => withCodesAsync(() => sandbox.delete(path)),
    list: (path) => withCodesAsync(() => sandbox.list(path)) as ReturnType<PolicyEngine['list']>,
  };
  return { sandbox, policyEngine };
}

async function changeNative(sandbox: NativeSandbox, changes: readonly FileChange[]): Promise<ChangeOutcome> {
  const native = changes.map(({ path, before, after }) => ({
    path,
    ...(before === null ? {} : { before }),
    ...(after === null ? {} : { content: Buffer.from(after.bytes) }),
    ...(after?.mode === undefined ? {} : { mode: after.mode }),
  }));
  const answer = JSON.parse(await withCodesAsync(() => sandbox.changeFiles(native))) as
    | { readonly meanwhile: number }
    | { readonly modes: number[]; readonly directories: string[] };
  if ('meanwhile' in answer) return { ok: false, changedMeanwhile: changes[answer.meanwhile]?.path ?? '' };
  return { ok: true, ...answer };
}

/** Runs commands by the helper that the sandbox was opened with. @throws FishplateError `ENFORCEMENT_UNAVAILABLE`. */
export function openNativeRunner(sandbox: NativeSandbox): Runner {
  const enforcement = withCodes(() => enforcementOf(sandbox.enforcement(), sandbox.level()));
  const running = new Set<RunningCommand>();
  return {
    enforcement,
    run: (request) => runNative(sandbox, request, running),
    async close() {
      const ends = [...running].map(({ kill, ended }) => {
        kill();
        return ended;
      });
      await Promise.all(ends);
    },
  };
}

/** A command that has been started. */
interface RunningCommand {
  readonly kill: () => void;
  /** Fulfilled at its end, however that was. */
  readonly ended: Promise<void>;
}

/** What the core says, as the public type has it. */
export function enforcementOf(json: string, level: string): Enforcement {
  const held = JSON.parse(json) as Omit<Enforcement, 'mode' | 'level'>;
  return { mode: 'native', level: JSON.parse(level) as Enforcement['level'], ...held };
}

function runNative(
  sandbox: NativeSandbox,
  request: RunRequest,
  running: Set<RunningCommand>,
): Promise<RunOutcome> {
  const { command, args, cwd, env, stdin, timeoutMs, maxOutputBytes, signal, isListening } = request;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    let settle = (): void => undefined;
    let [haveRoom, stopFeed] = [settle, settle];
    const ended = new Promise<void>((done) => (settle = done));
    const run = withCodes(() =>
      sandbox.start(
        {
          program: command,
          args: [...args],
          cwd,
          env,
          ...(Buffer.isBuffer(stdin) ? { stdin } : {}),
          isOpen: stdin !== null && !Buffer.isBuffer(stdin),
          ...(timeoutMs === null ? {} : { wallMs: timeoutMs }),
          keptBytes: maxOutputBytes,
          isListening,
        },
        ({ stdout, stderr, isDrained, end }) => {
          if (stdout != null) request.onOutput('stdout', stdout);
          if (stderr != null) request.onOutput('stderr', stderr);
          if (isDrained) haveRoom();
          if (end == null) return;
          stopFeed();
          haveRoom();
          signal.removeEventListener('abort', kill);
          running.delete(entry);
          settle();
          // The reason is the caller's, and goes back as it is.
          if (signal.aborted) reject(signal.reason as Error);
          else if (end.fault != null) reject(fromText(end.fault));
          else resolve(outcomeOf(end, request));
        },
      ),
    );
    const kill = (): void => run.kill();
    const entry = { kill, ended };
    signal.addEventListener('abort', kill, { once: true });
    running.add(entry);
    if (stdin !== null && !Buffer.isBuffer(stdin)) {
      const write = (bytes: Buffer): Promise<void> | void => {
        if (!run.writeStdin(bytes)) return new Promise((resolve) => (haveRoom = resolve));
      };
      stopFeed = feed(stdin, { write, end: () => run.closeStdin() }, request.onInputError);
    }
  });
}

function outcomeOf(end: NativeEnd, { isListening, onOutput }: RunRequest): RunOutcome {
  // Listeners have had it piece by piece.
  if (!isListening) {
    if (end.stdout != null) onOutput('stdout', end.stdout);
    if (end.stderr != null) onOutput('stderr', end.stderr);
  }
  return {
    exitCode: end.exitCode ?? null,
    signal: signalName(end.signal ?? null),
    limitHit: end.limitHit ?? null,
    truncated: end.truncated,
    durationMs: end.durationMs,
    violations: JSON.parse(end.violations) as Violation[],
  };
}

const SIGNALS = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** `SIGKILL` for 9; real-time signals have numbers only. */
export function signalName(number: number | null): string | null {
  return number === null ? null : (SIGNALS.get(number) ?? `SIG${number}`);
}
