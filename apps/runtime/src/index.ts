/**
 * `fishplate`: a tool runtime for coding agents. {@link createRuntime} opens a workspace and gives tools on it, for
 * programs; the command `fishplate` gives the same tools to people and, by the Model Context Protocol, to agents.
 *
 * @packageDocumentation
 */

export {
  type CapabilityReport,
  type EngineChoice,
  type EngineName,
  FishplateError,
  isFishplateError,
} from '@fishplate/engine';

export type { RuntimeCapabilities } from './capabilities.js';
export type { AuditRecord } from '@fishplate/sandbox';

export type { Confirm, ConfirmationRequest } from './commands/confirmation.js';
export { RUNTIME_CODES, RUNTIME_OUTCOMES, type RuntimeCode, type RuntimeOutcomeCode } from './codes.js';
export {
  CONFIG_DEFAULTS,
  CONFIG_FILE,
  configJsonSchema,
  configSchema,
  type RuntimeConfig,
} from './config/schema.js';
export type { RuntimeLogger } from './logger.js';
export type { PlanSource } from './plan/plan.js';
export {
  type Caller,
  type CallOptions,
  type CallResult,
  createRuntime,
  type Runtime,
  type RuntimeOptions,
  type SessionHandle,
  type Tool,
  type ToolData,
  type ToolInput,
} from './runtime.js';
export type { Checkpoint } from './session/events.js';
export type { SessionsRead, SessionSummary } from './session/session-reader.js';
export type { CallStatus, TimelineEntry } from './session/timeline.js';
export type { ToolName } from './tools/index.js';
export {
  readToolInput,
  type StreamedInput,
  type StreamedInputOptions,
  type ToolInputReader,
} from './tools/streamed-input.js';
export type {
  EnginesUsed,
  ProgressListener,
  ToolAnnotations,
  ToolOutcome,
  ToolRefusal,
  ToolSuccess,
} from './tools/tool.js';
