/** `fishplate mcp`. */

import { defineCommand } from 'citty';

import { checkSessionId } from '../session/session-id.js';
import { workspaceRoot } from '../workspace/root.js';
import { EXIT } from './exit-codes.js';
import { createLogger, LOG_LEVEL_OPTION, SESSION_OPTION, WORKSPACE_OPTION } from './shared-options.js';

/** The command. */
export const mcpCommand = defineCommand({
  meta: { name: 'mcp', description: 'Serve the tools to an agent over stdio, by the Model Context Protocol' },
  args: {
    workspace: {
      ...WORKSPACE_OPTION,
      description: 'Directory to work on (default: the first root of the client, else the current one)',
    },
    session: { ...SESSION_OPTION, description: 'Go on in this session (default: a new one)' },
    'log-level': { ...LOG_LEVEL_OPTION, default: 'warn' },
  },
  async run({ args: { workspace, session, 'log-level': level } }) {
    const logger = createLogger(level);
    // What was mistyped ends the command; what is found later, such as an invalid configuration, is the answer to calls.
    if (session !== undefined) checkSessionId(session);
    if (workspace !== undefined) workspaceRoot(workspace);
    const { serveOnStdio } = await import('../mcp/stdio.js');
    await serveOnStdio({ workspace, session, logger });
    return EXIT.ok;
  },
});
