/** Two rankings made one, by their ranks alone. */

/** How rankings are fused. */
export interface FusionOptions {
  /** Added to every rank; the larger it is, the less the first places count over those behind them. 60 unless given. */
  readonly constant?: number;
  /** How far down each ranking is looked, from 1 to 10,000; at least as far as hits are asked for. 100 unless given. */
  readonly depth?: number;
  /** How much the ranking by words counts, from 0 to 100. 1 unless given. */
  readonly text?: number;
  /** How much the ranking by vectors counts, from 0 to 100. 1 unless given. */
  readonly vectors?: number;
}

/** Fusion options with nothing left out. */
export type Fusion = Required<FusionOptions>;

/** Where a ranking has a key. */
export interface Place {
  /** As the ranking scored it: BM25, or the metric of the vectors. */
  readonly score: number;
  /** From 1. */
  readonly rank: number;
}

/** A key in the fused ranking. */
export interface Fused {
  readonly key: string;
  readonly score: number;
  readonly text: Place | null;
  readonly vector: Place | null;
}

interface Ranked {
  readonly key: string;
  readonly score: number;
}

/**
 * Reciprocal rank fusion (Cormack, Clarke, Buettcher, 2009): the score of a key is the sum over the rankings that have it of
 * `weight / (constant + rank)`. Of equal scores the one comes first that the ranking by words has first.
 */
export function fuse(text: readonly Ranked[], vectors: readonly Ranked[], fusion: Fusion): Fused[] {
  const places = new Map<string, { text: Place | null; vector: Place | null }>();
  text.forEach(({ key, score }, at) => {
    places.set(key, { text: { score, rank: at + 1 }, vector: null });
  });
  vectors.forEach(({ key, score }, at) => {
    const vector = { score, rank: at + 1 };
    places.set(key, { text: places.get(key)?.text ?? null, vector });
  });
  const part = (place: Place | null, weight: number): number =>
    place === null ? 0 : weight / (fusion.constant + place.rank);
  const fused = Array.from(places, ([key, place]) => ({
    key,
    score: part(place.text, fusion.text) + part(place.vector, fusion.vectors),
    ...place,
  }));
  // A stable sort: keys were put in the order of the words' ranking, then of the vectors'.
  return fused.sort((left, right) => right.score - left.score);
}
