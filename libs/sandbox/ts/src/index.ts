/**
 * `@fishplate/sandbox`: commands and file actions of an agent under a policy that the operating system holds.
 *
 * @packageDocumentation
 */

export type { EngineChoice, EngineName } from '@fishplate/engine';
export { getSandboxCapabilities, type SandboxCapabilities } from './capabilities';
export { SANDBOX_CODES } from './codes';
export { type Held, MEANS, type MatrixRow, POLICY_MATRIX, renderMatrix } from './matrix';
export { capability } from './native';
export { openFiles, type SandboxFiles } from './files';
export type { FilesOptions, SandboxOptions } from './options';
export type { EnvPolicy, SandboxLimits, SandboxPolicy } from './policy';
export { DEFAULT_PROTECTED, DEFAULT_READ_DENY } from './rules';
export { createSandbox, type Sandbox } from './sandbox';
export type {
  ActionIntent,
  AuditRecord,
  ChangeOutcome,
  Decision,
  DirEntry,
  Enforcement,
  ExecOptions,
  ExecResult,
  FileChange,
  FileState,
  Grant,
  SandboxMode,
  SandboxModeFlag,
  Violation,
  Weakness,
} from './types';
