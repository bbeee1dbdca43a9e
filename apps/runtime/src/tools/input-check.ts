/** Checks what callers pass to a tool: size and depth first, so that no schema walks a hostile input; then the schema. */

import type { z } from 'zod';

import { RUNTIME_CODES } from '../codes.js';
import { describeIssue } from '../config/file.js';

/** Deeper than any input that a schema here accepts. */
const MAX_DEPTH = 32;

/** Issues that an error names; a hostile input could have a million. */
const MAX_ISSUES = 8;

/**
 * Parses the input of a tool.
 *
 * @throws FishplateError `INPUT_TOO_LARGE`, `INPUT_INVALID`.
 */
export function checkInput<Schema extends z.ZodObject>(
  tool: { readonly name: string; readonly inputSchema: Schema },
  input: unknown,
  maxBytes: number,
): z.output<Schema> {
  checkSize(tool.name, input, maxBytes);
  const result = tool.inputSchema.safeParse(input ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, MAX_ISSUES).map(describeIssue);
  throw RUNTIME_CODES.error('INPUT_INVALID', `${tool.name}: ${problems.join('; ')}`, {
    details: { tool: tool.name, problems },
  });
}

/** Charged for every value and key beside the bytes of its text, so that a great many small ones count too. */
const BYTES_PER_VALUE = 8;

/** Walks without recursion, and stops at the first value too many. */
function checkSize(tool: string, input: unknown, maxBytes: number): void {
  const pending: { value: unknown; depth: number }[] = [{ value: input, depth: 0 }];
  let bytes = 0;
  const charge = (text: string): void => {
    bytes += BYTES_PER_VALUE + Buffer.byteLength(text);
    if (bytes <= maxBytes) return;
    throw RUNTIME_CODES.error('INPUT_TOO_LARGE', `the input of ${tool} has more than ${maxBytes} bytes`, {
      details: { tool, limit: maxBytes },
    });
  };
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, depth } = next;
    charge(typeof value === 'string' ? value : '');
    if (typeof value !== 'object' || value === null) continue;
    if (depth === MAX_DEPTH) {
      const message = `the input of ${tool} is nested more than ${MAX_DEPTH} levels deep`;
      throw RUNTIME_CODES.error('INPUT_TOO_LARGE', message, { details: { tool, maxDepth: MAX_DEPTH } });
    }
    const deeper = (inner: unknown): void => void pending.push({ value: inner, depth: depth + 1 });
    if (Array.isArray(value)) {
      // One by one: a list of millions of items ends here before it is copied.
      for (let index = 0; index < value.length; index += 1) {
        charge('');
        deeper(value[index]);
      }
      continue;
    }
    for (const [key, inner] of Object.entries(value)) {
      charge(key);
      deeper(inner);
    }
  }
}
