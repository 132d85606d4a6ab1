import type { Size } from "../../image/raster.ts";

/** Complex numbers, real and imaginary parts apart. */
interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/**
 * Hears of every frequency's power once: |sum over pixels of y e^(-2 pi i (fx x + fy y))|^2, with
 * the frequencies in cycles a pixel, from 0 to 1/2.
 */
export type OnPower = (frequency: number, power: number) => void;

/**
 * The power spectrum of real values, by a discrete Fourier transform of rows, then of columns. Of
 * any size; fast for sizes of small prime factors.
 *
 * @param values [H, W]
 */
export function powerSpectrum(
  values: Float64Array,
  { height, width }: Size,
  onPower: OnPower,
): void {
  const alongRows = fourierTransform(width);
  const alongColumns = fourierTransform(height);
  // a real image's spectrum is symmetric: columns beyond the middle repeat those before
  const columns = Math.floor(width / 2) + 1;
  const re = new Float64Array(columns * height);
  const im = new Float64Array(columns * height);
  for (let y = 0; y < height; y++) {
    const row = values.slice(y * width, (y + 1) * width);
    const spectrum = alongRows({ re: row, im: new Float64Array(width) });
    for (let x = 0; x < columns; x++) {
      re[x * height + y] = spectrum.re[x]!;
      im[x * height + y] = spectrum.im[x]!;
    }
  }
  for (let x = 0; x < columns; x++) {
    const [from, to] = [x * height, (x + 1) * height];
    const spectrum = alongColumns({ re: re.slice(from, to), im: im.slice(from, to) });
    const times = x === 0 || 2 * x === width ? 1 : 2;
    for (let y = 0; y < height; y++) {
      const frequency = Math.hypot(x / width, Math.min(y, height - y) / height);
      onPower(frequency, times * (spectrum.re[y]! ** 2 + spectrum.im[y]! ** 2));
    }
  }
}

/**
 * The discrete Fourier transform of `length` numbers, factor by factor of the length, each result
 * already in its place (Stockham). It may change its input.
 *
 * Source: Van Loan, "Computational Frameworks for the Fast Fourier Transform", section 1.7.
 */
function fourierTransform(length: number): (input: Complex) => Complex {
  const factors = factorsOf(length);
  const cos = Float64Array.from({ length }, (_, k) => Math.cos((2 * Math.PI * k) / length));
  const sin = Float64Array.from({ length }, (_, k) => -Math.sin((2 * Math.PI * k) / length));
  return (input) => {
    let from = input;
    let to: Complex = { re: new Float64Array(length), im: new Float64Array(length) };
    let left = length;
    let done = 1;
    for (const factor of factors) {
      left /= factor;
      for (let q = 0; q < left; q++) {
        for (let r = 0; r < factor; r++) {
          // e^(-2 pi i r (q + left u) / (left factor)) for each part u
          const [first, step] = [q * r * done, left * r * done];
          for (let t = 0; t < done; t++) {
            let [sumRe, sumIm] = [0, 0];
            for (let u = 0; u < factor; u++) {
              const at = t + done * (q + left * u);
              const angle = (first + step * u) % length;
              sumRe += from.re[at]! * cos[angle]! - from.im[at]! * sin[angle]!;
              sumIm += from.re[at]! * sin[angle]! + from.im[at]! * cos[angle]!;
            }
            const place = t + done * (factor * q + r);
            to.re[place] = sumRe;
            to.im[place] = sumIm;
          }
        }
      }
      done *= factor;
      [from, to] = [to, from];
    }
    return from;
  };
}

/** Fours, then primes. */
function factorsOf(length: number): number[] {
  const factors: number[] = [];
  let left = length;
  const take = (factor: number) => {
    for (; left % factor === 0; left /= factor) factors.push(factor);
  };
  [4, 2].forEach(take);
  for (let factor = 3; factor * factor <= left; factor += 2) take(factor);
  return left > 1 ? [...factors, left] : factors;
}
