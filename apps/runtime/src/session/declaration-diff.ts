/** Which declarations of a file changed between two moments, for languages that can be parsed. */

import { type ChangeKind, compareDeclarations, languageOf } from '@fishplate/diff/syntax';
import { isFishplateError } from '@fishplate/engine';
import { z } from 'zod';

import type { FileComparison } from './file-diff.js';

/** Schema of one changed declaration. */
export const declarationChangeSchema = z.object({
  changes: z
    .array(z.string() as z.ZodType<ChangeKind>)
    .describe('added, removed, renamed, moved, kind-changed, signature-changed, body-changed'),
  kind: z.string(),
  name: z.string(),
  container: z.array(z.string()).describe('What it is a member of, outermost first'),
  oldName: z.string().optional().describe('Its name before, where it was renamed'),
  line: z.int().describe('Where it begins now, or began where it was removed'),
});

/** A changed declaration, as {@link declarationChangeSchema} has it. */
export type ShownDeclaration = z.output<typeof declarationChangeSchema>;

const NOTHING = Buffer.alloc(0);

/** The changes; a code where the file cannot be parsed, null where its name tells no language. */
export async function declarationDiff({
  path,
  before,
  after,
}: FileComparison): Promise<readonly ShownDeclaration[] | { readonly code: string } | null> {
  try {
    const language = languageOf(path);
    if (language === null) return null;
    const { changes } = await compareDeclarations(before?.bytes ?? NOTHING, after?.bytes ?? NOTHING, {
      language,
    });
    return changes.map(({ changes: kinds, kind, name, container, old, new: now }) => ({
      changes: [...kinds],
      kind,
      name,
      container: [...container],
      ...(old !== null && old.name !== name ? { oldName: old.name } : {}),
      line: (now ?? old)!.line,
    }));
  } catch (error) {
    if (isFishplateError(error)) return { code: error.code };
    throw error;
  }
}

/** One change in words, such as `renamed function plus (was add), line 3`. */
export function describeDeclaration({
  changes,
  kind,
  name,
  container,
  oldName,
  line,
}: ShownDeclaration): string {
  const whole = [...container, name].join('.');
  return `${changes.join(', ')} ${kind} ${whole}${oldName === undefined ? '' : ` (was ${oldName})`}, line ${line}`;
}
