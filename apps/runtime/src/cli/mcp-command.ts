/** `fishplate mcp`. */

import { defineCommand } from 'citty';

import { createRuntime } from '../runtime.js';
import { EXIT } from './exit-codes.js';
import {
  createLogger,
  LOG_LEVEL_OPTION,
  SESSION_OPTION,
  WORKSPACE_OPTION,
  workspaceOption,
} from './shared-options.js';

/** The command. */
export const mcpCommand = defineCommand({
  meta: { name: 'mcp', description: 'Serve the tools to an agent over stdio, by the Model Context Protocol' },
  args: {
    workspace: WORKSPACE_OPTION,
    session: { ...SESSION_OPTION, description: 'Go on in this session (default: a new one)' },
    'log-level': { ...LOG_LEVEL_OPTION, default: 'warn' },
  },
  async run({ args }) {
    const logger = await createLogger(args['log-level']);
    const runtime = createRuntime({
      ...workspaceOption(args.workspace),
      ...(args.session === undefined ? {} : { session: args.session }),
      ...(logger === undefined ? {} : { logger }),
    });
    const { serveOnStdio } = await import('../mcp/stdio.js');
    await serveOnStdio(runtime, logger);
    return EXIT.ok;
  },
});
