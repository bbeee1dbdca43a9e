import { createHybridIndex } from '../src/hybrid';

const { explanations, meanReciprocalRank } = require('../../../../benchmarks/vector/data') as {
  explanations: () => {
    texts: { key: string; text: string; vector: Float32Array }[];
    queries: { text: string; vector: Float32Array; relevant: Set<string> }[];
  };
  meanReciprocalRank: (queries: readonly unknown[], hits: readonly (readonly { key: string }[])[]) => number;
};

jest.setTimeout(60_000);

/** 64 questions by hand, most of them in other words than the texts; vectors of a real model. */
test.each(['native', 'fallback'] as const)(
  '%s: both rankings together are better than either',
  async (engine) => {
    const { texts, queries } = explanations();
    const index = createHybridIndex({ engine });
    await index.addMany(texts.map(({ key, text, vector }) => [key, { text, vector }]));
    const quality = async (only?: 'text' | 'vectors'): Promise<number> => {
      const options = only === undefined ? {} : { only };
      const hits = queries.map(({ text, vector }) => index.search({ text, vector }, 10, options));
      return meanReciprocalRank(queries, await Promise.all(hits));
    };
    const [fused, words, vectors] = [await quality(), await quality('text'), await quality('vectors')];
    expect(words).toBeGreaterThan(0.35);
    expect(vectors).toBeGreaterThan(0.5);
    expect(fused).toBeGreaterThan(Math.max(words, vectors));
    index.close();
  },
);
