/**
 * A histogram of durations with a bounded relative error, after HdrHistogram: each power of two is cut into 64 equal buckets, so
 * a percentile is at most 1/64 (1.6 %) above the true value, from 1 µs to 2^31 µs (36 minutes), in 14 KiB.
 *
 * Values are whole microseconds. 0..63 have a bucket each; from 64 on, a value's bucket is its highest seven bits.
 */
const SUB_BITS = 6;
const SUB_BUCKETS = 1 << SUB_BITS;
const VALUE_US_MAX = 0x7fff_ffff;
const BUCKETS = SUB_BUCKETS * (31 - SUB_BITS + 1);

/** Plain data: crosses process boundaries and stands in result files. Pairs of bucket and count. */
export interface HistogramData {
  readonly buckets: readonly (readonly [number, number])[];
  readonly maxUs: number;
}

export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #maxUs = 0;

  static from(data: HistogramData): Histogram {
    const histogram = new Histogram();
    histogram.add(data);
    return histogram;
  }

  get count(): number {
    return this.#count;
  }

  get maxUs(): number {
    return this.#maxUs;
  }

  /** Counts `times` durations of `us` microseconds; negative ones (a clock's rounding) count as zero. */
  record(us: number, times = 1): void {
    const value = us <= 0 ? 0 : us >= VALUE_US_MAX ? VALUE_US_MAX : Math.trunc(us);
    if (value > this.#maxUs) this.#maxUs = value;
    const index = bucketOf(value);
    this.#counts[index] = (this.#counts[index] ?? 0) + times;
    this.#count += times;
  }

  /** The duration, µs, that `share` (0..1) of all recorded ones do not exceed; null when nothing was recorded. */
  percentileUs(share: number): number | null {
    if (this.#count === 0) return null;
    const rank = Math.max(1, Math.ceil(this.#count * share));
    let seen = 0;
    for (let index = 0; index < BUCKETS; index++) {
      seen += this.#counts[index] ?? 0;
      if (seen >= rank) return Math.min(highestOf(index), this.#maxUs);
    }
    return this.#maxUs;
  }

  add(data: HistogramData): void {
    for (const [index, times] of data.buckets) {
      this.#counts[index] = (this.#counts[index] ?? 0) + times;
      this.#count += times;
    }
    if (data.maxUs > this.#maxUs) this.#maxUs = data.maxUs;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#maxUs = 0;
  }

  data(): HistogramData {
    const buckets: (readonly [number, number])[] = [];
    this.#counts.forEach((times, index) => {
      if (times > 0) buckets.push([index, times]);
    });
    return { buckets, maxUs: this.#maxUs };
  }
}

function bucketOf(value: number): number {
  if (value < SUB_BUCKETS) return value;
  const exponent = 31 - Math.clz32(value) - SUB_BITS;
  return SUB_BUCKETS * (exponent + 1) + ((value >>> exponent) - SUB_BUCKETS);
}

/** The largest value of a bucket. */
function highestOf(index: number): number {
  if (index < SUB_BUCKETS) return index;
  const exponent = Math.floor(index / SUB_BUCKETS) - 1;
  const sub = (index % SUB_BUCKETS) + SUB_BUCKETS;
  return (sub + 1) * 2 ** exponent - 1;
}
