'use strict';

/** What a program does without a library: loops over typed arrays. */

function cosine(a, b) {
  let dot = 0;
  let left = 0;
  let right = 0;
  for (let at = 0; at < a.length; at++) {
    dot += a[at] * b[at];
    left += a[at] * a[at];
    right += b[at] * b[at];
  }
  return dot / Math.sqrt(left * right);
}

function batch(query, vectors, dims, scores) {
  let squared = 0;
  for (let at = 0; at < dims; at++) squared += query[at] * query[at];
  for (let row = 0; row < scores.length; row++) {
    let dot = 0;
    let other = 0;
    const start = row * dims;
    for (let at = 0; at < dims; at++) {
      const value = vectors[start + at];
      dot += query[at] * value;
      other += value * value;
    }
    scores[row] = dot / Math.sqrt(squared * other);
  }
  return scores;
}

/** The rows of the ten highest scores, best first. */
function best(scores, k) {
  const rows = [];
  for (let row = 0; row < scores.length; row++) {
    if (rows.length === k && scores[row] <= scores[rows[k - 1]]) continue;
    let place = rows.length;
    while (place > 0 && scores[rows[place - 1]] < scores[row]) place--;
    rows.splice(place, 0, row);
    if (rows.length > k) rows.pop();
  }
  return rows;
}

module.exports = { batch, best, cosine };
