/** IEEE binary16 bits to float32, exactly. */
export function float16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const values = (float16Values ??= Float32Array.from({ length: 0x10000 }, (_, i) => float16(i)));
  return Float32Array.from(bits, (half) => values[half]!);
}

/** bfloat16 bits, the upper half of a float32's, to float32. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const words = Uint32Array.from(bits, (upper) => upper << 16);
  return new Float32Array(words.buffer);
}

/** The value of each of the 65,536 bit patterns, made when first needed. */
let float16Values: Float32Array | undefined;

/** 1 sign bit, 5 exponent bits (bias 15), 10 mantissa bits. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0x1f) return mantissa ? NaN : sign * Infinity;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}
