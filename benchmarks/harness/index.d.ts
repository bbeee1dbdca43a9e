/** Types for the validation apps, which are TypeScript. */

/** A seeded source of whole numbers from 0 up to, not including, `below`. */
export function seeded(seed: number): (below: number) => number;

export interface Contender {
  name: string;
  run: () => unknown;
}

export interface Timing {
  name: string;
  medianMs: number;
  p99Ms: number;
  samples: number;
  outliers: number;
}

/** Times contenders in turn; medians without outliers. */
export function compare(
  contenders: Contender[],
  options?: { rounds?: number; warmup?: number; budgetMs?: number },
): Timing[];
