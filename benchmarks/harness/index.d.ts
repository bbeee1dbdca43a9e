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
  spreadMs: [low: number, high: number];
  p99Ms: number;
  samples: number;
  outliers: number;
}

/** Times contenders in turn; medians without outliers. */
export function compare(
  contenders: Contender[],
  options?: { rounds?: number; warmup?: number; budgetMs?: number },
): Timing[];

/** One measured bar. */
export interface Row {
  /** What was measured, with its input. */
  measure: string;
  unit: string;
  ours: number;
  /** First and third quartile of our samples, where there are many. */
  spread?: [low: number, high: number] | undefined;
  rivals: { name: string; value: number }[];
  /** The target as written, and whether this run met it. */
  bar?: { text: string; met: boolean } | undefined;
}
