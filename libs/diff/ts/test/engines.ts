/** Runs a group of tests with each engine. */

/** What calls ask for. */
export const ENGINES = ['native', 'fallback'] as const;

/** Declares the same tests for both engines. */
export function withBothEngines(tests: (engine: (typeof ENGINES)[number]) => void): void {
  describe.each(ENGINES)('%s', tests);
}

/** What both engines must agree on: all but their name and their guess at the nearest place. */
export function decisions(outcome: object): unknown {
  const guesses = new Set(['engine', 'nearest', 'similarity']);
  return JSON.parse(JSON.stringify(outcome, (key, value: unknown) => (guesses.has(key) ? undefined : value)));
}
