/** Resources: the timeline of the session, and the files of the workspace. */

import {
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import { isFishplateError } from '@fishplate/engine';

import type { SessionHandle } from '../runtime.js';
import type { ServedRuntime } from './served-runtime.js';

/** Address of the timeline. */
export const TIMELINE_URI = 'fishplate://timeline';

/** Files that `resources/list` names; `list_files` pages through all of them. */
const MAX_LISTED = 500;

/** Adds the resources to `server`. */
export function registerResources(server: McpServer, served: ServedRuntime): void {
  server.registerResource(
    'timeline',
    TIMELINE_URI,
    {
      title: 'Timeline',
      description: 'The calls of this session: what, how long, by which engine',
      mimeType: 'application/json',
    },
    async (uri) => {
      const text = JSON.stringify(await (await sessionOf(served)).timeline(), null, 2);
      return { contents: [{ uri: uri.href, mimeType: 'application/json', text }] };
    },
  );
  server.registerResource(
    'file',
    new ResourceTemplate('fishplate://file/{+path}', {
      list: async () => listFiles(await sessionOf(served)),
    }),
    { title: 'Files', description: 'Text files of the workspace' },
    async (uri) => {
      const text = await readWhole(await sessionOf(served), decodePath(uri));
      return { contents: [{ uri: uri.href, mimeType: 'text/plain', text }] };
    },
  );
}

/** Address of a file. */
export function fileUri(path: string): string {
  return `fishplate://file/${path.split('/').map(encodeURIComponent).join('/')}`;
}

async function listFiles(session: SessionHandle): Promise<{ resources: { uri: string; name: string }[] }> {
  const result = await session.call('list_files', { limit: MAX_LISTED });
  const files = result.ok ? result.data.files : [];
  return { resources: files.map((path) => ({ uri: fileUri(path), name: path })) };
}

/** What the address names, before the runtime checks it as any other path. */
function decodePath(uri: URL): string {
  try {
    return decodeURIComponent(uri.pathname.replace(/^\//, ''));
  } catch {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `${uri.href} is not well-formed`);
  }
}

async function sessionOf(served: ServedRuntime): Promise<SessionHandle> {
  try {
    return await served.session();
  } catch (error) {
    throw protocolError(error);
  }
}

async function readWhole(session: SessionHandle, path: string): Promise<string> {
  try {
    const result = await session.call('read_file', { path });
    if (!result.ok) throw new ResourceNotFoundError(fileUri(path));
    if (result.data.nextLine === undefined && !result.data.lineCut) return result.data.text;
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `${path} is too long for a resource; use the tool read_file`,
    );
  } catch (error) {
    throw protocolError(error);
  }
}

/** Errors of ours as the protocol has them: code and hint are in their data. */
function protocolError(error: unknown): unknown {
  if (!isFishplateError(error)) return error;
  return new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `${error.code}: ${error.message}`,
    error.toJSON(),
  );
}
