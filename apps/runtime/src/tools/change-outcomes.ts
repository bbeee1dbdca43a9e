/** What became of edits and hunks, as results show it: shared by `edit_file` and `apply_patch`. */

import { DIFF_OUTCOMES, MATCH_STRATEGIES } from '@fishplate/diff';
import { z } from 'zod';

/** What the diff library answers for an edit or hunk, as far as results show it. */
export interface ChangeOutcomeLike {
  readonly status: 'applied' | 'rejected';
  readonly code?: keyof typeof DIFF_OUTCOMES;
  readonly strategy?: string;
  readonly line?: number;
  readonly offset?: number;
  readonly similarity?: number;
  readonly candidates?: readonly number[];
  readonly nearest?: { readonly line: number; readonly similarity: number };
}

/** Schema of the farthest strategy that a change may use. */
export const reachSchema = z
  .enum(MATCH_STRATEGIES)
  .default('fuzz')
  .describe('How far a change may reach for its place: exact, offset, trailing-whitespace, indent or fuzz');

/** Schema of one outcome. */
export const changeOutcomeSchema = z.object({
  status: z.enum(['applied', 'rejected']),
  code: z.string().optional(),
  strategy: z
    .string()
    .optional()
    .describe('How far it had to reach: exact, offset, trailing-whitespace, indent, fuzz'),
  line: z.int().optional().describe('Line, from 1, where it was applied or expected'),
  offset: z.int().optional().describe('Lines between the place stated and the place found'),
  similarity: z.number().optional(),
  candidates: z.array(z.int()).optional().describe('Lines that fit equally well'),
  nearest: z.object({ line: z.int(), similarity: z.number() }).optional(),
});

/** An outcome in the form of {@link changeOutcomeSchema}. */
export type ShownOutcome = z.output<typeof changeOutcomeSchema>;

/** Copies what the schema names. */
export function shownOutcome(outcome: ChangeOutcomeLike): ShownOutcome {
  const { status, code, strategy, line, offset, similarity, candidates, nearest } = outcome;
  return {
    status,
    ...(code === undefined ? {} : { code }),
    ...(strategy === undefined ? {} : { strategy }),
    ...(line === undefined ? {} : { line }),
    ...(offset === undefined ? {} : { offset }),
    ...(similarity === undefined ? {} : { similarity }),
    ...(candidates === undefined ? {} : { candidates: [...candidates] }),
    ...(nearest === undefined ? {} : { nearest: { line: nearest.line, similarity: nearest.similarity } }),
  };
}

/** The hint of a code of the diff track. */
export function hintOf(code: string): string {
  return Object.hasOwn(DIFF_OUTCOMES, code)
    ? DIFF_OUTCOMES[code as keyof typeof DIFF_OUTCOMES].hint
    : 'Read the file again and make the change against what it holds now.';
}

/** What was wrong with a rejected outcome, in words. */
const PROBLEMS: Readonly<Record<string, string>> = {
  NO_MATCH: 'the text it expects is not there',
  AMBIGUOUS: 'several places fit',
  END_OF_FILE: 'the end of the file is another',
  OVERLAP: 'it reaches into the change before it',
  EMPTY_SEARCH: 'the search text is empty',
  NO_CHANGE: 'search and replacement are the same',
};

/** One rejected outcome in words, such as `edit 2: several places fit (lines 4, 19)`. */
export function describeRejected(
  what: string,
  { code = 'NO_MATCH', candidates, nearest }: ChangeOutcomeLike,
): string {
  const places = candidates?.length ? ` (lines ${candidates.join(', ')})` : '';
  const close = nearest
    ? ` (nearest: line ${nearest.line}, ${Math.round(nearest.similarity * 100)}% alike)`
    : '';
  return `${what}: ${PROBLEMS[code] ?? code}${places}${close}`;
}

/** One applied outcome that had to reach, in words, such as `edit 2: indent, line 7, 95% alike`; none for the others. */
export function describeReach(
  what: string,
  { status, strategy, line, similarity }: ChangeOutcomeLike,
): string[] {
  if (status !== 'applied' || strategy === undefined || strategy === 'exact') return [];
  const alike = similarity === undefined ? '' : `, ${Math.round(similarity * 100)}% alike`;
  return [`${what}: ${strategy}, line ${line}${alike}`];
}
