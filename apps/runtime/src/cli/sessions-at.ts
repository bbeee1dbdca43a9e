/** Sessions of a workspace, as commands that only look at them find them. */

import { chooseEngine, type EngineChoice } from '@fishplate/engine';

import { RUNTIME_CODES } from '../codes.js';
import { loadConfig } from '../config/load.js';
import { readSessions } from '../session/session-reader.js';
import { statePath } from '../session/state-folder.js';
import { workspaceRoot } from '../workspace/root.js';

/** Where the sessions of a workspace are, the engine that reads them, and the one that compares what they hold. */
export function stateOf(workspace: string | undefined): {
  state: string;
  engine: EngineChoice;
  diff: EngineChoice;
} {
  const { root } = workspaceRoot(workspace ?? process.cwd());
  const { sessions, engines } = loadConfig({ workspace: root });
  const asked = (track: 'storage' | 'diff'): EngineChoice =>
    chooseEngine({ track, config: engines[track].file, call: engines[track].call }).asked;
  return { state: statePath(root, sessions.directory), engine: asked('storage'), diff: asked('diff') };
}

/** The session that was worked in last. @throws FishplateError `SESSION_UNKNOWN` where there is none. */
export async function latestSession(workspace: string | undefined): Promise<string> {
  const { state, engine } = stateOf(workspace);
  const { sessions } = await readSessions(state, engine);
  const [latest] = sessions;
  if (latest === undefined) throw RUNTIME_CODES.error('SESSION_UNKNOWN', `there are no sessions in ${state}`);
  return latest.id;
}

/** The session asked for, which must exist, or the latest. @throws FishplateError `SESSION_UNKNOWN`. */
export async function existingSession(
  workspace: string | undefined,
  id: string | undefined,
): Promise<string> {
  if (id === undefined) return latestSession(workspace);
  const { state, engine } = stateOf(workspace);
  const { sessions } = await readSessions(state, engine);
  if (sessions.some((session) => session.id === id)) return id;
  throw RUNTIME_CODES.error('SESSION_UNKNOWN', `there is no session ${JSON.stringify(id)} in ${state}`);
}
