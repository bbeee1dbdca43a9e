import {
  cosineSimilarity,
  dequantize,
  dotProduct,
  euclideanDistance,
  normalize,
  norms,
  quantize,
  similarityBatch,
  squaredEuclideanDistance,
  topK,
} from '../src';
import { codeOf, detached, ENGINES, METRICS, numbers, plainScore } from './vectors';

const PAIRS = {
  cosine: cosineSimilarity,
  dot: dotProduct,
  euclidean: euclideanDistance,
  squaredEuclidean: squaredEuclideanDistance,
};

describe.each(ENGINES)('with the %s engine', (engine) => {
  test.each(METRICS)('%s of a pair is that of float64', (metric) => {
    for (const dims of [1, 2, 31, 32, 33, 100, 384, 1536, 10_000]) {
      const [a, b] = [numbers(dims, dims), numbers(dims, dims + 1)];
      const expected = plainScore(metric, a, b);
      const measure = Math.max(1, plainScore('dot', a, a), Math.abs(expected));
      expect(Math.abs(PAIRS[metric](a, b, { engine }) - expected)).toBeLessThan(1e-6 * measure);
    }
  });

  test('zero, NaN and infinite vectors have a stated result', () => {
    for (const dims of [4, 100]) {
      const one = new Float32Array(dims).fill(1);
      const zero = new Float32Array(dims);
      const nan = one.slice().fill(NaN, 1, 2);
      const infinite = one.slice().fill(Infinity, 1, 2);
      expect(cosineSimilarity(zero, one, { engine })).toBe(0);
      expect(cosineSimilarity(zero, zero, { engine })).toBe(0);
      expect(cosineSimilarity(zero, nan, { engine })).toBeNaN();
      expect(cosineSimilarity(one, infinite, { engine })).toBeNaN();
      expect(dotProduct(one, infinite, { engine })).toBe(Infinity);
      expect(euclideanDistance(one, infinite, { engine })).toBe(Infinity);
      expect(euclideanDistance(infinite, infinite, { engine })).toBeNaN();
      const huge = one.slice().fill(3e38);
      expect(cosineSimilarity(huge, huge, { engine })).toBe(1);
      const rows = new Float32Array([...nan, ...one, ...zero]);
      const found = topK(one, rows, dims, 3, { engine });
      expect([...found.indices]).toEqual([1, 2, 0]);
      expect(found.scores[2]).toBeNaN();
    }
  });

  test('a batch is its pairs, with norms and without, into memory of the caller', () => {
    for (const dims of [3, 77]) {
      const [query, rows] = [numbers(dims, 3), numbers(dims * 50, 4)];
      for (const metric of METRICS) {
        const out = new Float32Array(50);
        expect(similarityBatch(query, rows, dims, metric, out, { engine })).toBe(out);
        const given = similarityBatch(query, rows, dims, metric, undefined, {
          engine,
          norms: norms(rows, dims),
        });
        out.forEach((score, row) => {
          const expected = plainScore(metric, query, rows.subarray(row * dims, (row + 1) * dims));
          const most = 1e-6 * Math.max(dims, Math.abs(expected));
          expect(Math.abs(score - expected)).toBeLessThan(most);
          expect(Math.abs(given[row]! - expected)).toBeLessThan(most);
        });
      }
    }
  });

  test('the best of several queries are those of a sorted list', () => {
    const dims = 40;
    const [queries, rows] = [numbers(dims * 3, 5), numbers(dims * 200, 6)];
    for (const metric of METRICS) {
      const { indices, scores, k } = topK(queries, rows, dims, 7, { engine, metric });
      expect(k).toBe(7);
      for (let query = 0; query < 3; query++) {
        const all = Array.from({ length: 200 }, (_, row) => ({
          row,
          score: plainScore(
            metric,
            queries.subarray(query * dims, (query + 1) * dims),
            rows.subarray(row * dims, (row + 1) * dims),
          ),
        }));
        const sign = metric === 'cosine' || metric === 'dot' ? -1 : 1;
        all.sort((left, right) => sign * (left.score - right.score));
        expect([...indices.subarray(query * 7, (query + 1) * 7)]).toEqual(
          all.slice(0, 7).map(({ row }) => row),
        );
        expect(scores[query * 7]).toBeCloseTo(all[0]!.score, 4);
      }
    }
    expect(topK(queries, rows.subarray(0, 80), dims, 9, { engine }).indices).toHaveLength(6);
    expect(topK(queries, new Float32Array(0), dims, 9, { engine }).indices).toHaveLength(0);
  });

  test('equal vectors come in their order', () => {
    const row = numbers(64, 1);
    const rows = new Float32Array(64 * 30);
    for (let at = 0; at < 30; at++) rows.set(row, at * 64);
    expect([...topK(row, rows, 64, 5, { engine }).indices]).toEqual([0, 1, 2, 3, 4]);
  });

  test('shared memory is read, and memory that has gone is refused', () => {
    const shared = new Float32Array(new SharedArrayBuffer(400)).fill(2);
    expect(dotProduct(shared, shared, { engine })).toBe(400);
    expect(topK(shared, shared, 100, 1, { engine }).scores[0]).toBeCloseTo(1, 6);
    const gone = detached(100);
    expect(codeOf(() => dotProduct(gone, gone, { engine }))).toBe('INPUT_INVALID');
    expect(codeOf(() => topK(gone, shared, 100, 1, { engine }))).toBe('INPUT_INVALID');
    expect(codeOf(() => similarityBatch(gone, shared, 100, 'dot', undefined, { engine }))).toBe(
      'INPUT_INVALID',
    );
  });

  test('results do not lie over what is read', () => {
    const memory = numbers(64 * 65, 8);
    const call = (): unknown =>
      similarityBatch(memory.subarray(0, 64), memory.subarray(64), 64, 'dot', memory.subarray(100, 164), {
        engine,
      });
    expect(codeOf(call)).toBe('INPUT_INVALID');
  });

  test('what does not fit is refused with a code', () => {
    const [a, b] = [numbers(100, 1), numbers(99, 2)];
    expect(codeOf(() => cosineSimilarity(a, b, { engine }))).toBe('DIMS_MISMATCH');
    expect(codeOf(() => cosineSimilarity([1] as never, b, { engine }))).toBe('INPUT_INVALID');
    expect(codeOf(() => cosineSimilarity(a, new Float64Array(100) as never, { engine }))).toBe(
      'INPUT_INVALID',
    );
    expect(codeOf(() => cosineSimilarity(new Float32Array(0), new Float32Array(0), { engine }))).toBe(
      'INPUT_INVALID',
    );
    expect(codeOf(() => similarityBatch(a, b, 100, 'dot', undefined, { engine }))).toBe('DIMS_MISMATCH');
    expect(codeOf(() => similarityBatch(a, a, 100, 'angle' as never, undefined, { engine }))).toBe(
      'OPTION_INVALID',
    );
    expect(codeOf(() => similarityBatch(a, a, 100, 'dot', b, { engine }))).toBe('INPUT_INVALID');
    expect(codeOf(() => topK(a, a, 0, 1, { engine }))).toBe('OPTION_INVALID');
    expect(codeOf(() => topK(a, a, 50, 0, { engine }))).toBe('OPTION_INVALID');
    expect(codeOf(() => topK(a, a, 50, 1, { engine, norms: b }))).toBe('DIMS_MISMATCH');
    expect(codeOf(() => topK(a, a, 50, 1, { engine: 'fast' as never }))).toBe('ENGINE_CHOICE_INVALID');
  });
});

test('both engines give the same order, and scores within 1e-6', () => {
  const dims = 96;
  const [queries, rows] = [numbers(dims * 4, 20), numbers(dims * 500, 21)];
  for (const metric of METRICS) {
    const [native, fallback] = ENGINES.map((engine) => topK(queries, rows, dims, 50, { engine, metric }));
    expect(native).toEqual(fallback);
  }
});

test('a unit vector has length 1, and a zero vector stays zero', () => {
  const vector = numbers(50, 1);
  const unit = normalize(vector);
  expect(norms(unit, 50)[0]).toBeCloseTo(1, 6);
  expect(normalize(vector, vector)).toBe(vector);
  expect(vector).toEqual(unit);
  expect(normalize(new Float32Array(3))).toEqual(new Float32Array(3));
  expect(codeOf(() => normalize(vector, new Float32Array(2)))).toBe('OPTION_INVALID');
});

test('codes stand for about what they were made of', () => {
  const vector = numbers(129, 9);
  const off = (storage: 'f16' | 'i8' | 'b1'): number => {
    const quantized = quantize(vector, storage);
    expect(quantized.storage).toBe(storage);
    return euclideanDistance(dequantize(quantized), vector) / norms(vector, 129)[0]!;
  };
  expect(off('f16')).toBeLessThan(0.0005);
  expect(off('i8')).toBeLessThan(0.01);
  expect(off('b1')).toBeLessThan(0.6);
  expect(quantize(Float32Array.of(1e9, -1e9, 1), 'f16').codes).toEqual(
    Uint16Array.of(0x7bff, 0xfbff, 0x3c00),
  );
  expect(quantize(new Float32Array(3), 'i8')).toEqual({
    storage: 'i8',
    dims: 3,
    codes: new Int8Array(3),
    scale: 0,
  });
  expect(codeOf(() => quantize(vector, 'f32' as never))).toBe('OPTION_INVALID');
  expect(codeOf(() => dequantize({ storage: 'x', dims: 1 } as never))).toBe('OPTION_INVALID');
});
