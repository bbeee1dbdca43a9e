/** The embedding function of a host, and what it must give. */

import { isFloat32Array, isNativeError } from 'node:util/types';

import { VECTOR_CODES } from './codes';

/** Makes a vector of each text, in their order, all of one length. */
export type Embed = (texts: string[]) => Promise<Float32Array[]>;

/** Vectors of texts. @throws FishplateError `EMBEDDING_FAILED`. */
export async function embedded(embed: Embed, texts: string[]): Promise<Float32Array[]> {
  let vectors: unknown;
  try {
    vectors = await embed(texts);
  } catch (error) {
    const reason = isNativeError(error) ? error.message : String(error);
    throw VECTOR_CODES.error('EMBEDDING_FAILED', `embed failed: ${reason}`, { cause: error });
  }
  if (!Array.isArray(vectors) || vectors.length !== texts.length) {
    const found = Array.isArray(vectors) ? `${vectors.length} vectors` : typeof vectors;
    throw VECTOR_CODES.error('EMBEDDING_FAILED', `embed gave ${found} for ${texts.length} texts`);
  }
  for (const [at, vector] of (vectors as unknown[]).entries()) {
    const { length } = (isFloat32Array(vector) ? vector : []) as { length: number };
    if (length === 0 || length !== (vectors[0] as Float32Array).length) {
      const rule = 'must be Float32Arrays of one length';
      throw VECTOR_CODES.error(
        'EMBEDDING_FAILED',
        `embed gave something else for text ${at}: vectors ${rule}`,
      );
    }
  }
  return vectors as Float32Array[];
}
