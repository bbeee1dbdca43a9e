/** The tools as a client is told of them: their schemas are in a file, so that no tool has to be loaded to answer. */

import { readFileSync } from 'node:fs';

import { z } from 'zod';

import type { ToolAnnotations, ToolDefinition } from '../tools/tool.js';

/** A JSON schema of an object. */
export type ObjectSchema = Readonly<Record<string, unknown>>;

/** What is said of a tool. */
export interface ListedTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: ObjectSchema;
  /** Of what a success has as structured content. */
  readonly outputSchema: ObjectSchema;
  readonly annotations: ToolAnnotations;
}

/** Written from {@link describeTools} by scripts/write-schemas.mjs. */
const FILE = new URL('../../schema/mcp-tools.json', import.meta.url);

/** What the file says. */
export function toolList(): readonly ListedTool[] {
  return JSON.parse(readFileSync(FILE, 'utf8')) as readonly ListedTool[];
}

/** What the declarations say. */
export function describeTools(tools: readonly Omit<ToolDefinition, 'execute'>[]): readonly ListedTool[] {
  return tools.map(({ name, title, description, inputSchema, dataSchema, annotations }) => {
    const output = z.object({
      ok: z.literal(true),
      engines: z.record(z.string(), z.string()),
      ...dataSchema.shape,
    });
    return {
      name,
      title,
      description,
      inputSchema: z.toJSONSchema(inputSchema, { io: 'input' }),
      outputSchema: z.toJSONSchema(output, { io: 'output' }),
      annotations,
    };
  });
}
