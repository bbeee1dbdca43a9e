/**
 * Measures in float64, in the order of operations that the native engine has too: both get the same bits. Number `i` goes to
 * sum `i % 8`, and the sums are added up as below.
 */

/** Inner product of numbers of `left` from `leftAt` on and of `right` from `rightAt` on. */
export function dot(
  left: Float32Array,
  leftAt: number,
  right: Float32Array,
  rightAt: number,
  dims: number,
): number {
  let a = 0,
    b = 0,
    c = 0,
    d = 0,
    e = 0,
    f = 0,
    g = 0,
    h = 0;
  let at = 0;
  for (; at + 8 <= dims; at += 8) {
    const l = leftAt + at;
    const r = rightAt + at;
    a += left[l]! * right[r]!;
    b += left[l + 1]! * right[r + 1]!;
    c += left[l + 2]! * right[r + 2]!;
    d += left[l + 3]! * right[r + 3]!;
    e += left[l + 4]! * right[r + 4]!;
    f += left[l + 5]! * right[r + 5]!;
    g += left[l + 6]! * right[r + 6]!;
    h += left[l + 7]! * right[r + 7]!;
  }
  const l = leftAt + at;
  const r = rightAt + at;
  const rest = dims - at;
  if (rest > 0) a += left[l]! * right[r]!;
  if (rest > 1) b += left[l + 1]! * right[r + 1]!;
  if (rest > 2) c += left[l + 2]! * right[r + 2]!;
  if (rest > 3) d += left[l + 3]! * right[r + 3]!;
  if (rest > 4) e += left[l + 4]! * right[r + 4]!;
  if (rest > 5) f += left[l + 5]! * right[r + 5]!;
  if (rest > 6) g += left[l + 6]! * right[r + 6]!;
  return a + e + (c + g) + (b + f + (d + h));
}

/** Square of the length of the difference, from the same places. */
export function squaredDistance(
  left: Float32Array,
  leftAt: number,
  right: Float32Array,
  rightAt: number,
  dims: number,
): number {
  const sums = [0, 0, 0, 0, 0, 0, 0, 0];
  let at = 0;
  let a = 0,
    b = 0,
    c = 0,
    d = 0,
    e = 0,
    f = 0,
    g = 0,
    h = 0;
  let difference;
  for (; at + 8 <= dims; at += 8) {
    const l = leftAt + at;
    const r = rightAt + at;
    difference = left[l]! - right[r]!;
    a += difference * difference;
    difference = left[l + 1]! - right[r + 1]!;
    b += difference * difference;
    difference = left[l + 2]! - right[r + 2]!;
    c += difference * difference;
    difference = left[l + 3]! - right[r + 3]!;
    d += difference * difference;
    difference = left[l + 4]! - right[r + 4]!;
    e += difference * difference;
    difference = left[l + 5]! - right[r + 5]!;
    f += difference * difference;
    difference = left[l + 6]! - right[r + 6]!;
    g += difference * difference;
    difference = left[l + 7]! - right[r + 7]!;
    h += difference * difference;
  }
  for (let lane = 0; at < dims; at++, lane++) {
    difference = left[leftAt + at]! - right[rightAt + at]!;
    sums[lane]! += difference * difference;
  }
  a += sums[0]!;
  b += sums[1]!;
  c += sums[2]!;
  d += sums[3]!;
  e += sums[4]!;
  f += sums[5]!;
  g += sums[6]!;
  return a + e + (c + g) + (b + f + (d + h));
}

/** The cosine of an inner product and the squares of both lengths: 0 where one of them is 0 and neither is NaN. */
export function cosine(product: number, left: number, right: number): number {
  if ((left === 0 && !Number.isNaN(right)) || (right === 0 && !Number.isNaN(left))) return 0;
  return Math.min(1, Math.max(-1, product / Math.sqrt(left * right)));
}

/** The score of two vectors, by the number of the metric. */
export function score(
  metric: number,
  left: Float32Array,
  leftAt: number,
  right: Float32Array,
  rightAt: number,
  dims: number,
): number {
  switch (metric) {
    case 0:
      return cosine(
        dot(left, leftAt, right, rightAt, dims),
        dot(left, leftAt, left, leftAt, dims),
        dot(right, rightAt, right, rightAt, dims),
      );
    case 1:
      return dot(left, leftAt, right, rightAt, dims);
    case 2:
      return Math.sqrt(squaredDistance(left, leftAt, right, rightAt, dims));
    default:
      return squaredDistance(left, leftAt, right, rightAt, dims);
  }
}

/** Whether a smaller score is the better one. */
export function isDistance(metric: number): boolean {
  return metric >= 2;
}

/** Orders scores best first; rows of equal score by their number, and NaN comes last. */
export function order(
  metric: number,
  left: number,
  leftRow: number,
  right: number,
  rightRow: number,
): number {
  const [first, second] = isDistance(metric) ? [-left, -right] : [left, right];
  if (first > second) return -1;
  if (first < second) return 1;
  const byNaN = Number(Number.isNaN(left)) - Number(Number.isNaN(right));
  return byNaN === 0 ? leftRow - rightRow : byNaN;
}
