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

/** How a server is started, and what its client can do. */
export interface ConnectOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Another installation's command. */
  readonly command?: string;
  /** Answers questions; the client cannot be asked without it. */
  readonly answer?: Elicited;
  /** Asked for the addresses of the roots; the client has none without it. */
  readonly roots?: () => string[];
  /** Where the server is started. */
  readonly cwd?: string;
  /** Takes the log of the server, from warnings on; there is none without it. */
  readonly onLog?: (text: string) => void;
}

/** Starts a server on `workspace`, or on what it finds for itself, and connects to it. */
export async function connect(
  workspace: string | null,
  { env = {}, command = COMMAND, answer, roots, cwd, onLog }: ConnectOptions = {},
): Promise<Connection> {
  const given = workspace === null ? [] : ['--workspace', workspace];
  const level = onLog === undefined ? 'silent' : 'warn';
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [command, 'mcp', ...given, '--log-level', level],
    env: userEnvironment(env),
    stderr: onLog === undefined ? 'inherit' : 'pipe',
    maxBufferSize: 64 * 1024 * 1024,
    ...(cwd === undefined ? {} : { cwd }),
  });
  transport.stderr?.on('data', (chunk: Buffer) => onLog?.(chunk.toString('utf8')));
  const capabilities = {
    ...(answer === undefined ? {} : { elicitation: {} }),
    ...(roots === undefined ? {} : { roots: { listChanged: true } }),
  };
  const client = new Client({ name: 'integration', version: '1.0.0' }, { capabilities });
  if (answer !== undefined) {
    client.setRequestHandler('elicitation/create', ({ params }) => answer(params.message));
  }
  if (roots !== undefined) {
    client.setRequestHandler('roots/list', () => ({ roots: roots().map((uri) => ({ uri })) }));
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
