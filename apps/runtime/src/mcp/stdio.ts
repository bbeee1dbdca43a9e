/** Serves one client over stdin and stdout, and ends with it. */

import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';

import { SILENT_LOGGER } from '../logger.js';
import { createMcpServer } from './server.js';
import { type ServedOptions, ServedRuntime } from './served-runtime.js';

/** Longest message taken; longer ones end the connection. Inputs have a smaller limit of their own, with a coded error. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** Serves until the client goes, or a signal comes; then closes the runtime. stdout holds JSON-RPC and nothing else. */
export async function serveOnStdio(options: ServedOptions): Promise<void> {
  const { logger = SILENT_LOGGER } = options;
  keepStdoutClean();
  const transport = new StdioServerTransport(process.stdin, process.stdout, {
    maxBufferSize: MAX_MESSAGE_BYTES,
  });
  const served = new ServedRuntime(options);
  const handle = serveStdio(() => createMcpServer(served), {
    transport,
    onerror: (error) => logger.warn({ reason: error.message }, 'protocol error'),
  });
  const reason = await theEnd(transport);
  logger.info({ reason }, 'closing');
  await handle.close().catch(() => undefined);
  await served.close();
  // Whatever a client left unread must not keep the process.
  process.stdin.destroy();
}

/** What ends the service: end of input, a broken pipe, a message too large, or a signal. */
function theEnd(transport: StdioServerTransport): Promise<string> {
  return new Promise((resolve) => {
    const { onclose } = transport;
    transport.onclose = () => {
      onclose?.();
      resolve('the connection ended');
    };
    process.stdin.once('end', () => resolve('stdin ended'));
    process.stdin.once('close', () => resolve('stdin closed'));
    process.stdout.once('error', () => resolve('stdout broke'));
    process.once('SIGTERM', () => resolve('SIGTERM'));
    process.once('SIGINT', () => resolve('SIGINT'));
  });
}

/** A library that prints would break the protocol. */
function keepStdoutClean(): void {
  for (const method of ['log', 'info', 'debug', 'table', 'dir'] as const) {
    console[method] = (...values: unknown[]) => console.error(...values);
  }
}
