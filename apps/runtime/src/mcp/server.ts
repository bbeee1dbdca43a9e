/** The tools and resources of a runtime as an MCP server, by the official SDK. */

import {
  type CallToolResult,
  fromJsonSchema,
  type JsonSchemaType,
  type JsonSchemaValidator,
  McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { isFishplateError } from '@fishplate/engine';
import { z } from 'zod';

import type { CallResult, Runtime, SessionHandle, Tool } from '../runtime.js';
import type { ProgressListener } from '../tools/tool.js';
import { packageVersion } from '../version.js';
import { elicitation } from './elicitation.js';
import { registerResources } from './resources.js';

const INSTRUCTIONS =
  'Tools on one workspace. Paths are relative to it. edit_file and apply_patch change files all or nothing; undo takes ' +
  'the latest change back byte for byte, diff shows all of them. run_command and start_job run in a sandbox. A refused call ' +
  'has changed nothing; its hint says what to do.';

/** Makes a server whose calls run in `session`. */
export function createMcpServer(runtime: Runtime, session: SessionHandle): McpServer {
  const server = new McpServer(
    { name: 'fishplate', title: 'Fishplate', version: packageVersion() },
    {
      instructions: INSTRUCTIONS,
      capabilities: { tools: { listChanged: false }, resources: { listChanged: false } },
    },
  );
  for (const tool of runtime.tools) registerTool(server, tool, session);
  registerResources(server, runtime, session);
  return server;
}

function registerTool(
  server: McpServer,
  { name, title, description, inputSchema, dataSchema, annotations }: Tool,
  session: SessionHandle,
): void {
  const output = z.object({
    ok: z.literal(true),
    engines: z.record(z.string(), z.string()),
    ...dataSchema.shape,
  });
  server.registerTool(
    name,
    { title, description, inputSchema: uncheckedSchema(inputSchema), outputSchema: output, annotations },
    async (input: unknown, context: ServerContext): Promise<CallToolResult> => {
      try {
        const onProgress = progressListener(context);
        const options = { signal: context.mcpReq.signal, onProgress, confirm: elicitation(server, context) };
        return toolResult(await session.call(name as string, input, options));
      } catch (error) {
        return errorResult(error);
      }
    },
  );
}

/** The runtime checks inputs itself, so that what is wrong comes back with code and hint, not as the SDK's plain text. */
function uncheckedSchema(schema: z.ZodObject): ReturnType<typeof fromJsonSchema<unknown>> {
  const json = z.toJSONSchema(schema, { io: 'input' }) as unknown as JsonSchemaType;
  return fromJsonSchema<unknown>(json, {
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
