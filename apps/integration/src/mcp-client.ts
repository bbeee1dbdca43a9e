/** The SDK's own client on `fishplate mcp` in another process. */

import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

import { COMMAND, userEnvironment } from './installation.js';

/** What a tool answers, as far as tests look at it. */
export interface ToolAnswer {
  readonly isError: boolean;
  readonly text: string;
  readonly data: Record<string, unknown>;
}

/** A client and its server. */
export interface Connection {
  readonly client: Client;
  readonly pid: number;
  call(name: string, input: unknown, options?: CallOptions): Promise<ToolAnswer>;
  /** Ends client and server. */
  close(): Promise<void>;
}

/** Options that the SDK's client takes for a call. */
export type CallOptions = NonNullable<Parameters<Client['callTool']>[1]>;

/** What a person answers to a question of the server. */
export type Elicited = (message: string) => {
  action: 'accept' | 'decline' | 'cancel';
  content?: Record<string, boolean>;
};

/** Starts a server on `workspace` and connects to it. */
export async function connect(
  workspace: string,
  env: Readonly<Record<string, string>> = {},
  command = COMMAND,
  answer?: Elicited,
): Promise<Connection> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [command, 'mcp', '--workspace', workspace, '--log-level', 'silent'],
    env: userEnvironment(env),
    stderr: 'inherit',
    maxBufferSize: 64 * 1024 * 1024,
  });
  const capabilities = answer === undefined ? {} : { elicitation: {} };
  const client = new Client({ name: 'integration', version: '1.0.0' }, { capabilities });
  if (answer !== undefined) {
    client.setRequestHandler('elicitation/create', ({ params }) => answer(params.message));
  }
  await client.connect(transport);
  return {
    client,
    pid: transport.pid!,
    async call(name, input, options) {
      const result = await client.callTool({ name, arguments: input as Record<string, unknown> }, options);
      const [content] = result.content;
      return {
        isError: result.isError === true,
        text: content?.type === 'text' ? content.text : '',
        data: (result.structuredContent ?? {}) as Record<string, unknown>,
      };
    },
    close: () => client.close(),
  };
}
