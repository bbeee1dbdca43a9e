/** A plan: the scripted provider of `fishplate run`. Tool calls in order, each with what is expected of it. */

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { z } from 'zod';

import { RUNTIME_CODES } from '../codes.js';
import { describeIssue } from '../config/file.js';
import { importPlan, isModulePlan } from './module-plan.js';

/** Most steps of a plan. */
export const MAX_PLAN_STEPS = 100;

const expectation = z.strictObject({
  ok: z
    .boolean()
    .optional()
    .describe('Whether the call succeeds; true unless given, false where `code` is given'),
  code: z.string().optional().describe('Code of the refusal or error'),
  text: z.string().optional().describe('Text that the answer contains'),
  data: z.record(z.string(), z.json()).optional().describe('Values that the answer holds, compared deeply'),
});

const planSchema = z.strictObject({
  name: z.string().optional(),
  description: z.string().optional(),
  steps: z
    .array(
      z.strictObject({
        title: z.string().optional(),
        tool: z.string(),
        input: z.record(z.string(), z.unknown()),
        inputFiles: z
          .record(z.string(), z.string())
          .optional()
          .describe('Fields of the input that are read from files beside the plan'),
        expect: expectation.optional(),
        needs: z
          .literal('sandbox')
          .optional()
          .describe('Passed over, and said so, where nothing can confine commands'),
        confirm: z.boolean().optional().describe('Ask the person before this step'),
      }),
    )
    .min(1)
    .max(MAX_PLAN_STEPS),
});

/** A plan as it is written, in JSON or by a module. */
export type PlanSource = z.input<typeof planSchema>;

/** A plan, checked, with its input files read in. */
export type Plan = z.output<typeof planSchema>;

/** One step of a plan. */
export type PlanStep = Plan['steps'][number];

/**
 * Reads a plan from a file.
 *
 * @throws FishplateError `PLAN_INVALID`.
 */
export async function readPlan(path: string): Promise<Plan> {
  const plan = isModulePlan(path)
    ? checkPlan(await importPlan(path), path)
    : parsePlan(await readText(path), path);
  const steps = await Promise.all(
    plan.steps.map(async ({ inputFiles, input, ...step }) => {
      const read = Object.entries(inputFiles ?? {}).map(
        async ([field, file]) => [field, await readText(join(dirname(path), file))] as const,
      );
      return { ...step, input: { ...input, ...Object.fromEntries(await Promise.all(read)) } };
    }),
  );
  return { ...plan, steps };
}

/** Checks the text of a plan. `place` names it in errors. @throws FishplateError `PLAN_INVALID`. */
export function parsePlan(text: string, place: string): Plan {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw RUNTIME_CODES.error('PLAN_INVALID', `${place} is not JSON: ${(cause as Error).message}`, { cause });
  }
  return checkPlan(value, place);
}

function checkPlan(value: unknown, place: string): Plan {
  const result = planSchema.safeParse(value);
  if (result.success) return result.data;
  throw RUNTIME_CODES.error(
    'PLAN_INVALID',
    `${place}: ${result.error.issues.slice(0, 8).map(describeIssue).join('; ')}`,
  );
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw RUNTIME_CODES.error('PLAN_INVALID', `${path} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}
