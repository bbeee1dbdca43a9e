/** Shorter codes for vectors, the same to the bit as those of the native engine. */

const bits = new Uint32Array(1);
const floats = new Float32Array(bits.buffer);
const HALF_BITS = 0x3f00_0000;
const LARGEST_HALF = 0x7bff;

/** The nearest half, ties to even; what is finite and larger than the largest half becomes that. */
export function halfOf(value: number): number {
  floats[0] = value;
  const all = bits[0]!;
  const sign = (all >>> 16) & 0x8000;
  const magnitude = all & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return sign | 0x7e00;
  if (magnitude === 0x7f80_0000) return sign | 0x7c00;
  if (magnitude < 0x3880_0000) {
    // Subnormal: the addition leaves the bits that count in the low places, rounded as the processor rounds.
    bits[0] = magnitude;
    floats[0] = floats[0] + 0.5;
    return sign | (bits[0] - HALF_BITS);
  }
  // The exponent's bias changes from 127 to 15; half of the last place is added, or just less for an even one.
  const rounded = (magnitude - (112 << 23) + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
  return sign | Math.min(rounded, LARGEST_HALF);
}

/** What a half stands for, exactly. */
export function ofHalf(half: number): number {
  const magnitude = half & 0x7fff;
  const sign = half & 0x8000 ? -1 : 1;
  if (magnitude >= 0x7c00) return (magnitude & 0x3ff) === 0 ? sign * Infinity : NaN;
  if (magnitude < 0x400) return sign * magnitude * 2 ** -24;
  return sign * (1 + (magnitude & 0x3ff) / 1024) * 2 ** ((magnitude >>> 10) - 15);
}

export function toHalves(vector: Float32Array, codes: Uint16Array): void {
  for (let at = 0; at < vector.length; at++) codes[at] = halfOf(vector[at]!);
}

export function fromHalves(codes: Uint16Array, vector: Float32Array): void {
  for (let at = 0; at < vector.length; at++) vector[at] = ofHalf(codes[at]!);
}

/** Codes from -127 to 127, and the scale that one of 1 stands for. Ties are rounded up. */
export function toInt8(vector: Float32Array, codes: Int8Array): number {
  let largest = 0;
  for (const value of vector) largest = Math.max(largest, Math.abs(value) || 0);
  const scale = Math.fround(largest / 127);
  for (let at = 0; at < vector.length; at++) {
    const whole = scale === 0 ? 0 : Math.floor(vector[at]! / scale + 0.5);
    codes[at] = Math.max(-127, Math.min(127, whole));
  }
  return scale;
}

export function fromInt8(codes: Int8Array, scale: number, vector: Float32Array): void {
  for (let at = 0; at < vector.length; at++) vector[at] = codes[at]! * scale;
}

/** A bit a number, the first one lowest, set where it is above 0; and the mean of the magnitudes. */
export function toBits(vector: Float32Array, codes: Uint8Array): number {
  codes.fill(0);
  let sum = 0;
  for (let at = 0; at < vector.length; at++) {
    sum += Math.abs(vector[at]!);
    if (vector[at]! > 0) codes[at >>> 3]! |= 1 << (at & 7);
  }
  return Math.fround(sum / Math.max(1, vector.length));
}

export function fromBits(codes: Uint8Array, scale: number, vector: Float32Array): void {
  for (let at = 0; at < vector.length; at++) {
    vector[at] = (codes[at >>> 3]! >>> (at & 7)) & 1 ? scale : -scale;
  }
}
