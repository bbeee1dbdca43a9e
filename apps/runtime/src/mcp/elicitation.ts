/** Asks the person through the MCP client, where that can. */

import type { McpServer, ServerContext } from '@modelcontextprotocol/server';

import type { Confirm } from '../commands/confirmation.js';
import { visible } from '../text/visible.js';

/** How long a person has to answer. */
const ANSWER_MS = 10 * 60_000;

/** A question by elicitation; undefined where the client has none. Everything but an explicit yes is no. */
export function elicitation(server: McpServer, { mcpReq }: ServerContext): Confirm | undefined {
  if (server.server.getClientCapabilities()?.elicitation === undefined) return undefined;
  return async ({ tool, action, reason }) => {
    // A client that cannot be asked after all has not said yes.
    const answer = await mcpReq
      .elicitInput(
        {
          // What a model or a file wrote must not look like words of ours.
          message: `${tool} wants to run: ${visible(action).slice(0, 2000)}\n${visible(reason).slice(0, 500)}`,
          requestedSchema: {
            type: 'object',
            properties: { allow: { type: 'boolean', title: 'Run it', description: 'Run this command once' } },
            required: ['allow'],
          },
        },
        { timeout: ANSWER_MS, signal: mcpReq.signal },
      )
      .catch(() => null);
    return answer?.action === 'accept' && answer.content?.['allow'] === true;
  };
}
