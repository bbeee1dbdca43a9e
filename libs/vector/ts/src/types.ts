/** The words that all of this package uses. */

/**
 * How two vectors are compared. The measure is the score, as it is: of `cosine` and `dot` a larger one is better, of
 * `euclidean` and `squaredEuclidean` a smaller one.
 */
export type Metric = 'cosine' | 'dot' | 'euclidean' | 'squaredEuclidean';

/** Metrics in the order of their numbers in bindings and files. */
export const METRICS: readonly Metric[] = ['cosine', 'dot', 'euclidean', 'squaredEuclidean'];

/** A value of metadata. */
export type Scalar = string | number | boolean | null;

/** What may be said of a vector beside its numbers. */
export type Metadata = Readonly<Record<string, Scalar>>;

/** What a field must be. All that is given must hold. A field that is not there meets only `$ne`, `$nin` and `$exists: false`. */
export interface Condition {
  readonly $eq?: Scalar;
  readonly $ne?: Scalar;
  readonly $in?: readonly Scalar[];
  readonly $nin?: readonly Scalar[];
  /** Bounds compare values of their own kind: numbers, strings by their UTF-8 bytes, false before true. */
  readonly $gt?: Scalar;
  readonly $gte?: Scalar;
  readonly $lt?: Scalar;
  readonly $lte?: Scalar;
  readonly $exists?: boolean;
}

/**
 * Which vectors a search may return: conditions by field, all of which must hold, beside `$and`, `$or` and `$not`.
 *
 * @example { lang: 'en', year: { $gte: 2020 }, $not: { tag: { $in: ['draft', 'spam'] } } }
 */
export type Filter = {
  readonly $and?: readonly Filter[];
  readonly $or?: readonly Filter[];
  readonly $not?: Filter;
} & { readonly [field: string]: Scalar | Condition | Filter | readonly Filter[] };

/** A vector that a search found. */
export interface Hit {
  readonly key: string;
  /** Its measure against the query. */
  readonly score: number;
  /** Its row number, by which an index compares without a vector crossing over. */
  readonly row: number;
  readonly metadata?: Metadata;
}
