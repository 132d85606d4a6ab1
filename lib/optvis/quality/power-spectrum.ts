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
  // a real image's spectrum is symmetric: columns beyond the middle repeat those before
  const columns = Math.floor(width / 2) + 1;
  const spectra = {
    re: new Float64Array(columns * height),
    im: new Float64Array(columns * height),
  };
  const alongRows = fourierTransform(width);
  const pair = { re: new Float64Array(width), im: new Float64Array(width) };
  for (let y = 0; y < height; y += 2) {
    // two real rows go as one complex row; of an odd one the other is zero
    pair.re.set(values.subarray(y * width, (y + 1) * width));
    pair.im.fill(0).set(values.subarray((y + 1) * width, (y + 2) * width));
    partRows(alongRows(pair), spectra, { y, width, height });
  }
  const alongColumns = fourierTransform(height);
  for (let x = 0; x < columns; x++) {
    const column = ({ re, im }: Complex): Complex => ({
      re: re.subarray(x * height, (x + 1) * height),
      im: im.subarray(x * height, (x + 1) * height),
    });
    const { re, im } = alongColumns(column(spectra));
    const times = x === 0 || 2 * x === width ? 1 : 2;
    for (let y = 0; y < height; y++) {
      const down = Math.min(y, height - y) / height;
      // Math.hypot takes as long as all the rest
      const frequency = Math.sqrt((x / width) ** 2 + down ** 2);
      onPower(frequency, times * (re[y]! ** 2 + im[y]! ** 2));
    }
  }
}

/**
 * The spectra of two real rows a and b from that of a + i b, written into the columns:
 *
 *     A[x] = (Z[x] + conj Z[W - x]) / 2,  B[x] = (Z[x] - conj Z[W - x]) / 2i
 */
function partRows(
  { re, im }: Complex,
  spectra: Complex,
  { y, width, height }: Size & { readonly y: number },
): void {
  for (let x = 0; 2 * x <= width; x++) {
    const other = x === 0 ? 0 : width - x;
    const at = x * height + y;
    spectra.re[at] = (re[x]! + re[other]!) / 2;
    spectra.im[at] = (im[x]! - im[other]!) / 2;
    if (y + 1 === height) continue;
    spectra.re[at + 1] = (im[x]! + im[other]!) / 2;
    spectra.im[at + 1] = (re[other]! - re[x]!) / 2;
  }
}

/** One factor's part of a transform. */
interface Pass {
  readonly factor: number;
  /** Product of the factors after it. */
  readonly left: number;
  /** Product of the factors before it. */
  readonly done: number;
  /** e^(-2 pi i k / length). */
  readonly turns: Complex;
}

/**
 * The discrete Fourier transform of `length` numbers, factor by factor of the length, each result
 * already in its place (Stockham). It uses up its input, and its result is good until the next
 * call.
 *
 * Source: Van Loan, "Computational Frameworks for the Fast Fourier Transform", section 1.7.
 */
function fourierTransform(length: number): (input: Complex) => Complex {
  const angle = (2 * Math.PI) / length;
  const turns = {
    re: Float64Array.from({ length }, (_, k) => Math.cos(angle * k)),
    im: Float64Array.from({ length }, (_, k) => -Math.sin(angle * k)),
  };
  let done = 1;
  const passes = factorsOf(length).map((factor): Pass => {
    const pass = { factor, done, left: length / done / factor, turns };
    done *= factor;
    return pass;
  });
  const spare = { re: new Float64Array(length), im: new Float64Array(length) };
  return (input) => {
    let [from, to]: [Complex, Complex] = [input, spare];
    for (const pass of passes) {
      if (pass.factor === 4) fours(pass, from, to);
      else parts(pass, from, to);
      [from, to] = [to, from];
    }
    return from;
  };
}

/**
 * The results r of each group of `factor` numbers x_u, a group for each q and t:
 *
 *     e^(-2 pi i q r / (left factor)) sum over u of x_u e^(-2 pi i r u / factor)
 */
function parts({ factor, left, done, turns }: Pass, from: Complex, to: Complex): void {
  const length = factor * left * done;
  for (let q = 0; q < left; q++) {
    for (let r = 0; r < factor; r++) {
      const [w, step] = [q * r * done, r * left * done];
      for (let t = 0; t < done; t++) {
        let sumRe = 0;
        let sumIm = 0;
        for (let u = 0, turn = 0; u < factor; u++) {
          const at = t + done * (q + left * u);
          const re = turns.re[turn]!;
          const im = turns.im[turn]!;
          sumRe += from.re[at]! * re - from.im[at]! * im;
          sumIm += from.re[at]! * im + from.im[at]! * re;
          turn += step;
          if (turn >= length) turn -= length;
        }
        put(to, t + done * (factor * q + r), sumRe, sumIm, turns, w);
      }
    }
  }
}

/** As `parts`, of four: their own turns are by right angles. */
function fours({ left, done, turns }: Pass, from: Complex, to: Complex): void {
  const { re, im } = from;
  const step = done * left;
  for (let q = 0; q < left; q++) {
    const [w1, w2, w3] = [1, 2, 3].map((r) => q * r * done) as [number, number, number];
    for (let t = 0; t < done; t++) {
      const a = t + done * q;
      const b = a + step;
      const c = b + step;
      const d = c + step;
      const sumRe = re[a]! + re[c]!;
      const sumIm = im[a]! + im[c]!;
      const differenceRe = re[a]! - re[c]!;
      const differenceIm = im[a]! - im[c]!;
      const otherRe = re[b]! + re[d]!;
      const otherIm = im[b]! + im[d]!;
      // their difference, turned by a right angle
      const turnedRe = im[b]! - im[d]!;
      const turnedIm = re[d]! - re[b]!;
      const place = t + 4 * done * q;
      to.re[place] = sumRe + otherRe;
      to.im[place] = sumIm + otherIm;
      put(to, place + done, differenceRe + turnedRe, differenceIm + turnedIm, turns, w1);
      put(to, place + 2 * done, sumRe - otherRe, sumIm - otherIm, turns, w2);
      put(to, place + 3 * done, differenceRe - turnedRe, differenceIm - turnedIm, turns, w3);
    }
  }
}

/** Writes a number, turned. */
function put(to: Complex, at: number, re: number, im: number, turns: Complex, by: number): void {
  const turnRe = turns.re[by]!;
  const turnIm = turns.im[by]!;
  to.re[at] = re * turnRe - im * turnIm;
  to.im[at] = re * turnIm + im * turnRe;
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
