/**
 * `@fishplate/storage`: an embedded, append-only event log with checkpoints: what an agent remembers of what it did.
 *
 * @packageDocumentation
 */

export type { EngineChoice, EngineName } from '@fishplate/engine';
export {
  type AgentCheckpoint,
  type CheckpointStorage,
  type CheckpointStorageFilter,
  createCheckpointStorage,
} from './checkpoint-storage';
export { STORAGE_CODES, type StorageCode } from './codes';
export { createEventLog, type EventLog, type EventLogOptions, type LoggedEvent } from './event-log';
export { capability } from './native';
export { openStore, salvageStore } from './open';
export type { Store } from './store';
export type {
  Branch,
  BranchOptions,
  CheckpointFilter,
  CheckpointInfo,
  CheckpointOptions,
  Durability,
  EngineFlag,
  Moment,
  OpenOptions,
  OpenReport,
  PruneReport,
  ReplayOptions,
  Restored,
  SalvageReport,
  StoredEvent,
  StoreProblem,
  StoreStats,
  TailOptions,
  VerifyReport,
} from './types';
