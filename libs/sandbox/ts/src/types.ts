/** What callers give and get. */

/** What somebody wants to do with a path. */
export type ActionIntent = 'read' | 'write' | 'create' | 'delete' | 'rename' | 'move' | 'list' | 'execute';

/** What the policy says about an action. */
export interface Decision {
  readonly decision: 'allow' | 'deny' | 'needs-confirmation';
  /** In words. */
  readonly reason: string;
  /** The clause that decided, such as `policy.readDeny[2]` or `grant g1`. */
  readonly rule: string;
  /** The path as the system would find it: absolute, links followed. */
  readonly resolvedPath: string;
}

/** A person's yes to actions that need one; it never lifts a denial. */
export interface Grant {
  readonly id?: string;
  /** Absolute, or relative to the workspace. */
  readonly path: string;
  readonly intents: readonly ActionIntent[];
  /** All below the path too; false unless given. */
  readonly recursive?: boolean;
  /** Milliseconds since 1970; without it the grant holds until it is replaced. */
  readonly expiresAtMs?: number;
}

/** How commands are confined: by this system's kernel, by docker, or not at all. */
export type SandboxMode = 'native' | 'docker' | 'process';

/** What may be asked for: `auto` takes native, else docker, else refuses. */
export type SandboxModeFlag = 'auto' | SandboxMode;

/** What holds a command. */
export interface Enforcement {
  readonly mode: SandboxMode;
  /** What does the work: `linux`, `seatbelt`, `appcontainer`, `docker`, `none`. */
  readonly backend: string;
  /** What is held of the policy: every clause, the kernel's part of it (writes and network), or nothing. */
  readonly level: 'full' | 'kernel' | 'none';
  /** Version of the Landlock interface; null where there is none. */
  readonly landlock: number | null;
  /** Kinds of namespaces of its own, such as `mount` and `net`. */
  readonly namespaces: readonly string[];
  readonly seccomp: boolean;
  /** The control group that counts resources, beside the sandbox's own watch. */
  readonly cgroup: { readonly version: number; readonly controllers: readonly string[] } | null;
  /** Clauses that are held less well than the policy says, or not at all. */
  readonly weaker: readonly Weakness[];
}

/** A clause that is not held as it is written. */
export interface Weakness {
  /** As in the policy: `protectedPaths`, `limits.memoryBytes`. */
  readonly clause: string;
  readonly reason: string;
}

/** Something that a command tried, and was refused; or did, and was ended and undone for. */
export interface Violation {
  readonly kind: 'network' | 'limit' | 'protectedPaths';
  /** `host:port`, the limit, or a path. */
  readonly target: string;
  readonly reason: string;
}

/** Options of one command. */
export interface ExecOptions {
  /** Absolute, or relative to the workspace; the workspace unless given. */
  readonly cwd?: string;
  /** Nothing unless given. A stream is read as fast as the command takes it, and no more once that has ended. */
  readonly stdin?: string | Uint8Array | AsyncIterable<string | Uint8Array>;
  /** Variables beside those of the policy; they win over its `pass`, not over its `set`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the command; the smaller of this and `policy.limits.wallMs` counts. */
  readonly timeoutMs?: number;
  /** Bytes of each stream that the result keeps; 8 MiB unless given. More is read, told to the listeners and dropped. */
  readonly maxOutputBytes?: number;
  /** Ends the command when it aborts: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onStdout?: (chunk: Buffer) => void;
  readonly onStderr?: (chunk: Buffer) => void;
}

/** How a command ended. */
export interface ExecResult {
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  /** Such as `SIGKILL`; null where it exited. */
  readonly signal: string | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly durationMs: number;
  readonly timedOut: boolean;
  /** Whether output was dropped. */
  readonly truncated: boolean;
  /** The limit that ended it: `wallMs`, `cpuMs`, `memoryBytes`, `processes`, `fileBytes`, `outputBytes`. */
  readonly limitHit?: string;
  readonly enforcement: Enforcement;
  readonly violations: readonly Violation[];
  /** Names the audit record of this execution. */
  readonly auditId: string;
}

/** An entry of a directory. */
export interface DirEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
}

/** A file as it was when it was opened. */
export interface FileState {
  readonly bytes: Buffer;
  /** Where it was opened, free of links. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  /** Another one as soon as the file is written, replaced, or given another mode or name. */
  readonly stamp: string;
}

/** One file of a change. Its path leads through no link. */
export interface FileChange {
  readonly path: string;
  /** The stamp of the file as it was read; null where no file stood. */
  readonly before: string | null;
  /** What it becomes; null deletes it. Without `mode`: as the file has, or as the system makes new ones. */
  readonly after: { readonly bytes: Uint8Array; readonly mode?: number | undefined } | null;
}

/** What a change came to. */
export type ChangeOutcome =
  | {
      readonly ok: true;
      /** Modes of the files, in the order of the changes; 0 for one that was deleted. */
      readonly modes: readonly number[];
      /** Directories made on the way, outermost first. */
      readonly directories: readonly string[];
    }
  /** Nothing was changed: this file is another one than was read. */
  | { readonly ok: false; readonly changedMeanwhile: string };

/** What was decided or done, for whoever keeps such records. */
export interface AuditRecord {
  /** A UUID of version 7: ids sort by time. */
  readonly auditId: string;
  /** Milliseconds since 1970, UTC. */
  readonly time: number;
  /** On whose behalf, as createSandbox was told. */
  readonly actor: string;
  /** `command`, `grants`, or the intent of a file action. */
  readonly action: ActionIntent | 'command' | 'grants';
  /** The resolved path of a file action. */
  readonly path?: string;
  /** A command and its arguments. */
  readonly command?: readonly string[];
  readonly decision: Decision['decision'];
  /** The clause that decided. */
  readonly rule: string;
  /** What held a command. */
  readonly enforcement?: Enforcement;
  /** `asked`: it was only asked about. `refused`: not done, for the decision. */
  readonly status: 'asked' | 'done' | 'refused' | 'failed' | 'exited';
  /** Of a failure. */
  readonly code?: string;
  readonly exitCode?: number | null;
  readonly signal?: string | null;
  readonly limitHit?: string;
  readonly durationMs?: number;
  readonly violations?: readonly Violation[];
}
