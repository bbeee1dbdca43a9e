/** Checkpoints of agents as objects, kept by value in a store. */

import { checkName, invalid, kindOf } from './arguments';
import { STORAGE_CODES } from './codes';
import type { Store } from './store';
import type { CheckpointInfo } from './types';

/** State of an agent at one moment. Whatever else it holds is kept too, as JSON. */
export interface AgentCheckpoint {
  readonly id: string;
  readonly version: number | string;
  readonly createdAt: Date | number | string;
  readonly task: unknown;
  readonly agentType: string;
  readonly agentId: string;
  readonly status: string;
  readonly messages: readonly unknown[];
  readonly pendingToolCalls: readonly unknown[];
  readonly completedToolCalls: readonly unknown[];
  readonly currentStep: number;
  readonly maxSteps: number;
  readonly metadata: unknown;
  readonly error?: unknown;
  readonly parentCheckpointId?: string;
  readonly childCheckpointIds: readonly string[];
}

export interface CheckpointStorageFilter {
  readonly agentId?: string;
  readonly agentType?: string;
  readonly status?: string;
  readonly parentCheckpointId?: string;
  /** At most so many, the newest first. */
  readonly limit?: number;
}

/** What is known of a checkpoint without loading it. */
export type CheckpointSummary = Pick<
  AgentCheckpoint,
  | 'id'
  | 'version'
  | 'createdAt'
  | 'agentType'
  | 'agentId'
  | 'status'
  | 'currentStep'
  | 'maxSteps'
  | 'parentCheckpointId'
>;

export interface CheckpointStorage {
  /** Saves a checkpoint, in place of one with the same id; resolves when it is on the disk. */
  save(checkpoint: AgentCheckpoint): Promise<void>;
  load(id: string): Promise<AgentCheckpoint | null>;
  /** Whole checkpoints, the newest first. */
  list(filter?: CheckpointStorageFilter): Promise<AgentCheckpoint[]>;
  /** As `list`, without loading any state. */
  summaries(filter?: CheckpointStorageFilter): CheckpointSummary[];
  /** False where there was none. */
  delete(id: string): Promise<boolean>;
  /** Deletes those that were created before a moment; how many. */
  prune(olderThan: Date | number | string): Promise<number>;
}

/** Begins the ids of checkpoints in the store, apart from those of others. */
const PREFIX = 'agent/';

interface Summary extends CheckpointSummary {
  /** Milliseconds since 1970. */
  readonly created: number;
  /** How `createdAt` was given. */
  readonly createdAs: 'date' | 'number' | 'string';
}

/** Keeps checkpoints of agents in a store. Each is stored as a difference from its parent, where that pays. */
export function createCheckpointStorage(store: Store): CheckpointStorage {
  return new StoredCheckpoints(store);
}

class StoredCheckpoints implements CheckpointStorage {
  constructor(private readonly store: Store) {}

  async save(checkpoint: AgentCheckpoint): Promise<void> {
    const summary = summaryOf(checkpoint);
    const bytes = Buffer.from(jsonOf(checkpoint));
    const base = this.baseFor(summary);
    await this.store.saveCheckpoint(PREFIX + summary.id, bytes, {
      metadata: summary,
      ...(base === undefined ? {} : { base }),
    });
  }

  async load(id: string): Promise<AgentCheckpoint | null> {
    const key = keyOf(id);
    const bytes = await this.store.loadCheckpoint(key);
    if (bytes === null) return null;
    const info = this.infos().find((it) => it.id === key);
    const value = JSON.parse(bytes.toString('utf8')) as AgentCheckpoint;
    return info === undefined ? value : { ...value, createdAt: createdAt(info.metadata as Summary) };
  }

  async list(filter?: CheckpointStorageFilter): Promise<AgentCheckpoint[]> {
    const loaded: AgentCheckpoint[] = [];
    for (const { id } of this.matching(filter)) {
      const checkpoint = await this.load(id);
      // It may have been deleted meanwhile.
      if (checkpoint !== null) loaded.push(checkpoint);
    }
    return loaded;
  }

  summaries(filter?: CheckpointStorageFilter): CheckpointSummary[] {
    return this.matching(filter).map((summary) => {
      const { created: _created, createdAs: _createdAs, ...known } = summary;
      return { ...known, createdAt: createdAt(summary) };
    });
  }

  async delete(id: string): Promise<boolean> {
    return this.store.deleteCheckpoint(keyOf(id));
  }

  async prune(olderThan: Date | number | string): Promise<number> {
    const limit = millisecondsOf(olderThan, 'olderThan');
    let count = 0;
    for (const { id, created } of this.matching(undefined)) {
      if (created < limit && (await this.delete(id))) count++;
    }
    return count;
  }

  private infos(): CheckpointInfo[] {
    return this.store.listCheckpoints({ prefix: PREFIX });
  }

  private matching(filter: CheckpointStorageFilter | undefined): Summary[] {
    const { limit = Number.POSITIVE_INFINITY, ...wanted } = filter ?? {};
    const entries = Object.entries(wanted).filter(([, value]) => value !== undefined);
    return this.infos()
      .map(({ metadata }) => metadata as Summary)
      .filter((summary) => entries.every(([key, value]) => summary[key as keyof Summary] === value))
      .sort((a, b) => b.created - a.created)
      .slice(0, limit);
  }

  /** The parent, else the agent's newest: states of an agent have much in common. */
  private baseFor({ id, agentId, parentCheckpointId }: Summary): string | undefined {
    const known = new Set(this.infos().map((info) => info.id));
    const own = PREFIX + id;
    const parent = parentCheckpointId === undefined ? undefined : PREFIX + parentCheckpointId;
    if (parent !== undefined && parent !== own && known.has(parent)) return parent;
    const newest = this.matching({ agentId }).find((it) => it.id !== id);
    return newest === undefined ? undefined : PREFIX + newest.id;
  }
}

function keyOf(id: unknown): string {
  if (typeof id !== 'string' || id === '')
    throw invalid('the id of a checkpoint must be a string with content');
  return checkName(PREFIX + id, 'the id of a checkpoint');
}

function summaryOf(checkpoint: AgentCheckpoint): Summary {
  if (typeof checkpoint !== 'object' || checkpoint === null) {
    throw invalid(`the checkpoint is ${kindOf(checkpoint)}; it must be an object`);
  }
  keyOf(checkpoint.id);
  const { id, version, createdAt: given, agentType, agentId, status, currentStep, maxSteps } = checkpoint;
  const { parentCheckpointId } = checkpoint;
  const createdAs = given instanceof Date ? 'date' : typeof given === 'number' ? 'number' : 'string';
  return {
    id,
    version,
    createdAt: given,
    agentType,
    agentId,
    status,
    currentStep,
    maxSteps,
    ...(parentCheckpointId === undefined ? {} : { parentCheckpointId }),
    created: millisecondsOf(given, 'createdAt'),
    createdAs,
  };
}

function createdAt({ createdAs, createdAt: given, created }: Summary): Date | number | string {
  return createdAs === 'date' ? new Date(created) : given;
}

function millisecondsOf(moment: unknown, what: string): number {
  const isMoment = moment instanceof Date || typeof moment === 'number' || typeof moment === 'string';
  const time = isMoment ? new Date(moment).getTime() : Number.NaN;
  if (Number.isNaN(time)) {
    throw invalid(`${what} is no moment; it must be a Date, milliseconds since 1970, or a date as text`);
  }
  return time;
}

function jsonOf(checkpoint: AgentCheckpoint): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(checkpoint);
  } catch (error) {
    throw STORAGE_CODES.error('INPUT_INVALID', 'the checkpoint has no JSON form', { cause: error });
  }
  if (json === undefined) throw invalid('the checkpoint has no JSON form');
  return json;
}
