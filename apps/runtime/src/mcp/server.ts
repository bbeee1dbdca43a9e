/** The tools and resources of a runtime as an MCP server, by the official SDK. */

import {
  type CallToolResult,
  fromJsonSchema,
  type JsonSchemaValidator,
  McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { isFishplateError } from '@fishplate/engine';

import type { CallResult } from '../runtime.js';
import type { ProgressListener } from '../tools/tool.js';
import { packageVersion } from '../version.js';
import { elicitation } from './elicitation.js';
import { registerResources } from './resources.js';
import type { ServedRuntime } from './served-runtime.js';
import { type ListedTool, type ObjectSchema, toolList } from './tool-list.js';

const INSTRUCTIONS =
  'Tools on one workspace. Paths are relative to it. edit_file and apply_patch change files all or nothing; undo takes ' +
  'the latest change back byte for byte, diff shows all of them. run_command and start_job run in a sandbox. A refused call ' +
  'has changed nothing; its hint says what to do.';

/** Makes a server of the tools and files of a runtime, which is opened after the client has been greeted. */
export function createMcpServer(served: ServedRuntime): McpServer {
  const server = new McpServer(
    { name: 'fishplate', title: 'Fishplate', version: packageVersion() },
    {
      instructions: INSTRUCTIONS,
      capabilities: { tools: { listChanged: false }, resources: { listChanged: false } },
    },
  );
  for (const tool of toolList()) registerTool(server, tool, served);
  registerResources(server, served);
  const { server: protocol } = server;
  protocol.oninitialized = () => {
    if (protocol.getClientCapabilities()?.roots !== undefined) {
      served.useRoots(async () => (await protocol.listRoots()).roots);
    }
    served.warm();
  };
  protocol.setNotificationHandler('notifications/roots/list_changed', () => served.rootsChanged());
  return server;
}

function registerTool(
  server: McpServer,
  { name, inputSchema, outputSchema, ...shown }: ListedTool,
  served: ServedRuntime,
): void {
  server.registerTool(
    name,
    { ...shown, inputSchema: uncheckedSchema(inputSchema), outputSchema: uncheckedSchema(outputSchema) },
    async (input: unknown, context: ServerContext): Promise<CallToolResult> => {
      try {
        const session = await served.session();
        const onProgress = progressListener(context);
        const options = { signal: context.mcpReq.signal, onProgress, confirm: elicitation(server, context) };
        return toolResult(await session.call(name, input, options));
      } catch (error) {
        return errorResult(error);
      }
    },
  );
}

/**
 * A schema that is told and not applied. The runtime checks inputs itself, so that what is wrong comes back with code and hint, not as
 * the SDK's plain text; outputs are what the tools' types say.
 */
function uncheckedSchema(schema: ObjectSchema): ReturnType<typeof fromJsonSchema<unknown>> {
  return fromJsonSchema<unknown>(schema, {
    getValidator: <Value>(): JsonSchemaValidator<Value> => {
      return (input) => ({ valid: true, data: input as Value, errorMessage: undefined });
    },
  });
}

function toolResult(result: CallResult): CallToolResult {
  const { text, engines } = result;
  const content = [{ type: 'text' as const, text }];
  if (result.ok) return { content, structuredContent: { ok: true, engines, ...result.data } };
  const { code, message, hint, details } = result;
  const structuredContent = {
    ok: false,
    code,
    message,
    hint,
    engines,
    ...(details === undefined ? {} : { details }),
  };
  return { content, structuredContent: asJson(structuredContent), isError: true };
}

function errorResult(error: unknown): CallToolResult {
  const { code, track, message, hint, details } = isFishplateError(error)
    ? error
    : {
        code: 'TOOL_FAULT',
        track: 'runtime',
        message: String(error),
        hint: 'Report it with the call that led to it.',
        details: undefined,
      };
  const structuredContent = {
    ok: false,
    code,
    track,
    message,
    hint,
    ...(details === undefined ? {} : { details }),
  };
  const content = [{ type: 'text' as const, text: `${code}: ${message}\n${hint}` }];
  return { content, structuredContent: asJson(structuredContent), isError: true };
}

function asJson(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
}

/** Progress goes only to clients that ask for it with a token. */
function progressListener({ mcpReq }: ServerContext): ProgressListener | undefined {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let last = -1;
  return ({ done, total, message }) => {
    // The protocol wants progress to grow with each notification.
    if (done <= last) return;
    last = done;
    const params = { progressToken, progress: done, message, ...(total === null ? {} : { total }) };
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
  };
}
