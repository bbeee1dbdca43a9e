/** A server of this machine that speaks the OpenAI protocol, as a test tells it to. */

import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a client asked. */
export interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly model: string;
  readonly messages: readonly AskedMessage[];
  readonly tools: readonly { readonly function: { readonly name: string } }[];
}

/** One message of a question. */
export interface AskedMessage {
  readonly role: string;
  readonly content: unknown;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly { readonly id: string; readonly function: { readonly arguments: string } }[];
}

/** Answers one question; `number` counts from 0. */
export type Behaviour = (asked: Asked, number: number, response: ServerResponse) => void;

/** A running server. */
export interface OpenAiServer {
  readonly url: string;
  readonly asked: Asked[];
  close(): Promise<void>;
}

/** Starts a server on a free port. */
export async function serveOpenAi(behave: Behaviour): Promise<OpenAiServer> {
  const asked: Asked[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const question = { ...(JSON.parse(body) as Asked), headers: request.headers };
      asked.push(question);
      behave(question, asked.length - 1, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** A call that the model asks for; text in place of an input is sent as it is. */
export interface StreamedCall {
  readonly tool: string;
  readonly input: object | string;
  readonly id?: string;
}

/** What the model says. */
export interface Said {
  readonly text?: string;
  readonly calls?: readonly StreamedCall[];
  readonly finish?: string;
  readonly usage?: readonly [input: number, output: number];
}

/** Streams an answer in small pieces, as servers do: arguments of calls come a few characters at a time. */
export function say(response: ServerResponse, said: Said): void {
  begin(response);
  for (const piece of said.text?.match(/[^]{1,7}/g) ?? []) write(response, { content: piece });
  for (const [index, { tool, input, id = `call_${index}` }] of (said.calls ?? []).entries()) {
    const whole = typeof input === 'string' ? input : JSON.stringify(input);
    write(response, {
      tool_calls: [{ index, id, type: 'function', function: { name: tool, arguments: '' } }],
    });
    for (const piece of whole.match(/[^]{1,5}/g) ?? [])
      write(response, { tool_calls: [{ index, function: { arguments: piece } }] });
  }
  const { finish = said.calls === undefined ? 'stop' : 'tool_calls', usage } = said;
  write(response, {}, finish);
  if (usage !== undefined) {
    const [prompt_tokens, completion_tokens] = usage;
    const total_tokens = prompt_tokens + completion_tokens;
    send(response, { ...CHUNK, choices: [], usage: { prompt_tokens, completion_tokens, total_tokens } });
  }
  response.end('data: [DONE]\n\n');
}

/** Begins an answer, and breaks the connection in the middle of it. */
export function dieInTheMiddle(response: ServerResponse): void {
  begin(response);
  write(response, { content: 'I will now' });
  setImmediate(() => response.destroy());
}

/** Begins an answer, and never goes on. */
export function fallSilent(response: ServerResponse): void {
  begin(response);
  write(response, { content: 'Hm' });
}

/** Begins an answer, and goes on for as long as somebody takes it. */
export function neverEnd(response: ServerResponse): void {
  begin(response);
  const goOn = (): void => {
    if (response.destroyed) return;
    while (write(response, { content: 'and so on, '.repeat(1000) }));
    response.once('drain', goOn);
  };
  goOn();
}

const CHUNK = { id: 'answer', object: 'chat.completion.chunk', created: 1, model: 'local' };

function begin(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
}

/** False where the client has to be waited for. */
function write(response: ServerResponse, delta: object, finish: string | null = null): boolean {
  return send(response, { ...CHUNK, choices: [{ index: 0, delta, finish_reason: finish }] });
}

function send(response: ServerResponse, chunk: object): boolean {
  return response.write(`data: ${JSON.stringify(chunk)}\n\n`);
}
