/** `list_files`: the files of the workspace, as git would list them. */

import { z } from 'zod';

import { listWorkspace } from '../workspace/listing.js';
import { defineTool, READS } from './tool.js';

/** The tool `list_files`. */
export const listFiles = defineTool({
  name: 'list_files',
  title: 'List files',
  description:
    'Lists the files of the workspace: those git tracks, and new ones that .gitignore does not exclude. ' +
    'Paths are relative to the workspace, sorted. Large workspaces come in pages: pass `after` from the answer.',
  inputSchema: z.strictObject({
    under: z.string().optional().describe('List only files below this directory'),
    after: z
      .string()
      .optional()
      .describe('List only paths that sort after this one; `next` of the page before'),
    limit: z.int().positive().optional().describe('Most paths to answer; limits.maxListedFiles at most'),
  }),
  dataSchema: z.object({
    files: z.array(z.string()),
    total: z.int().describe('Number of files, all pages together'),
    next: z.string().optional().describe('Pass as `after` for the next page; absent on the last one'),
    note: z.string().optional().describe('What was left aside, and why'),
    unreadable: z.array(z.string()).describe('Directories that could not be read'),
    nestedRepositories: z
      .array(z.string())
      .describe('Directories with a repository of their own; not listed'),
    unnameable: z.int().describe('Files left out because their names are not UTF-8'),
  }),
  annotations: READS,
  async execute(input, { files, config, signal, onProgress, asked }) {
    const under = input.under === undefined ? '' : files.resolve(input.under, 'read');
    const listing = await listWorkspace(files.root, {
      engine: asked.gitignore,
      signal,
      onProgress: onProgress && ((done, total) => onProgress({ done, total, message: 'listing files' })),
    });
    const below = (path: string): boolean => under === '' || path === under || path.startsWith(`${under}/`);
    const all = listing.files.filter(below);
    const rest = input.after === undefined ? all : all.filter((path) => path > input.after!);
    const page = rest.slice(0, Math.min(input.limit ?? Infinity, config.limits.maxListedFiles));
    const next = page.length < rest.length ? page.at(-1) : undefined;
    const { engine, note, unreadable, unnameable } = listing;
    const notes = [
      ...(next === undefined
        ? []
        : [`[${page.length} of ${all.length} files; continue with after: ${JSON.stringify(next)}]`]),
      ...(note === null ? [] : [`[${note}]`]),
      ...(unnameable === 0 ? [] : [`[${unnameable} files left out: their names are not UTF-8]`]),
    ];
    return {
      ok: true,
      data: {
        files: page,
        total: all.length,
        ...(next === undefined ? {} : { next }),
        ...(note === null ? {} : { note }),
        unreadable: [...unreadable],
        nestedRepositories: listing.nestedRepositories.filter(below),
        unnameable,
      },
      text: [...page.map(shownPath), ...notes].join('\n'),
      summary: `${all.length} ${all.length === 1 ? 'file' : 'files'}`,
      engines: { gitignore: engine },
    };
  },
});

/** A name with a line end in it would look like two. */
function shownPath(path: string): string {
  return /[\n\r]/.test(path) ? JSON.stringify(path) : path;
}
