/** `list_files`: the files of the workspace, as git would list them. */

import { lstatSync } from 'node:fs';
import { join } from 'node:path';

import type { EngineChoice } from '@fishplate/engine';
import { capability, explainIgnore, type IgnoreDecision } from '@fishplate/gitignore';
import { z } from 'zod';

import { type Listing, listWorkspace } from '../workspace/listing.js';
import { shownPath } from '../text/shown-path.js';
import { refuse } from './refusal.js';
import { defineTool, READS } from './tool.js';

/** The tool `list_files`. */
export const listFiles = defineTool({
  name: 'list_files',
  title: 'List files',
  description:
    'Lists the files of the workspace: those git tracks, and new ones that .gitignore does not exclude. ' +
    'Paths are relative to the workspace, sorted. Large workspaces come in pages: pass `after` from the answer.',
  inputSchema: z.strictObject({
    under: z
      .string()
      .optional()
      .describe('List only files below this directory; all of the workspace unless given'),
    globs: z
      .array(z.string())
      .optional()
      .describe(
        'List only what one of these matches, in the syntax of .gitignore: *.ts, /src, !*.test.ts (no braces)',
      ),
    types: z.array(z.string()).optional().describe('List only these kinds of files, such as ts, py, md'),
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
    const isWhole = input.under === undefined || /^(?:\.?\/*)$/.test(input.under);
    const under = isWhole ? '' : files.resolve(input.under!.replace(/\/+$/, ''), 'read');
    const kind = kindAt(join(files.root, under));
    if (kind === null) {
      const engines = { gitignore: capability({ call: asked.gitignore }).engine ?? 'none' };
      return refuse('FILE_NOT_FOUND', `there is no directory ${under}`, { engines });
    }
    const listing = await listWorkspace(files.root, {
      engine: asked.gitignore,
      globs: input.globs,
      types: input.types,
      signal,
      onProgress: onProgress && ((done, total) => onProgress({ done, total, message: 'listing files' })),
    });
    const below = (path: string): boolean => under === '' || path === under || path.startsWith(`${under}/`);
    const all = listing.files.filter(below);
    const rest = input.after === undefined ? all : all.filter((path) => path > input.after!);
    const page = rest.slice(0, Math.min(input.limit ?? Infinity, config.limits.maxListedFiles));
    const next = page.length < rest.length ? page.at(-1) : undefined;
    const [unreadable, nested, unnameable] = [
      // A directory that is closed matters to all that is asked for in it.
      listing.unreadable.filter((path) => below(path) || under.startsWith(`${path}/`)),
      listing.nestedRepositories.filter(below),
      listing.unnameable.filter(below).length,
    ];
    const about =
      under === '' ? null : aboutUnder(files.root, under, kind, all.length, listing, asked.gitignore);
    const note = [listing.note, about].filter((one) => one !== null).join('; ');
    const notes = [
      ...(next === undefined
        ? []
        : [`[${page.length} of ${all.length} files; continue with after: ${JSON.stringify(next)}]`]),
      ...(note === '' ? [] : [`[${note}]`]),
      ...(nested.length === 0 ? [] : [`[repositories of their own, not listed: ${named(nested)}]`]),
      ...(unreadable.length === 0 ? [] : [`[could not be read: ${named(unreadable)}]`]),
      ...(unnameable === 0 ? [] : [`[${unnameable} files left out: their names are not UTF-8]`]),
    ];
    return {
      ok: true,
      data: {
        files: page,
        total: all.length,
        ...(next === undefined ? {} : { next }),
        ...(note === '' ? {} : { note }),
        unreadable,
        nestedRepositories: nested,
        unnameable,
      },
      text: [...page.map(shownPath), ...notes].join('\n'),
      summary: `${all.length} ${all.length === 1 ? 'file' : 'files'}`,
      engines: { gitignore: listing.engine },
    };
  },
});

/** Names that a note holds, at most. */
const MOST_NAMED = 20;

function named(paths: readonly string[]): string {
  const more = paths.length - MOST_NAMED;
  return paths.slice(0, MOST_NAMED).map(shownPath).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Null where nothing is. */
function kindAt(absolute: string): 'directory' | 'other' | null {
  try {
    const stats = lstatSync(absolute, { throwIfNoEntry: false });
    return stats === undefined ? null : stats.isDirectory() ? 'directory' : 'other';
  } catch {
    // It leads through a file, or a directory that is closed: which of them, the listing tells.
    return 'other';
  }
}

/** Why `under` is another thing than a directory with files of the workspace; null where it is one. */
function aboutUnder(
  root: string,
  under: string,
  kind: 'directory' | 'other',
  count: number,
  { nestedRepositories }: Listing,
  engine: EngineChoice,
): string | null {
  if (kind === 'other') return `${under} is no directory`;
  if (count > 0) return null;
  const repository = nestedRepositories.find((path) => under === path || under.startsWith(`${path}/`));
  if (repository !== undefined) return `${repository} is a repository of its own, and not listed`;
  const decision = decisionOn(root, under, engine);
  if (decision === null || decision.negated) return null;
  return `${under} is ignored by ${decision.source}, line ${decision.line}: ${decision.pattern}`;
}

/** A damaged repository has no answer, and the listing has told of it. */
function decisionOn(root: string, path: string, engine: EngineChoice): IgnoreDecision | null {
  try {
    return explainIgnore(root, path, { engine });
  } catch {
    return null;
  }
}
