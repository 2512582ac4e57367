/**
 * The message that every case carries: a press shop's sensor reading as JSON, always PAYLOAD_BYTES long, its figures drawn at
 * random. `seq` numbers all messages of a run, so that an output can be counted against what was acknowledged.
 *
 * Numbers are written as `JSON.stringify` would write them (no trailing zeros): readers take the path they take in the field.
 */
export const PAYLOAD_BYTES = 200;
/** `seq` starts here: all are ten digits long, and fit an Avro int and a double. */
export const SEQUENCE_FIRST = 1_000_000_000;
export const SEQUENCE_DIGITS = 10;
/** Where the digits of `seq` stand in the payload. */
export const SEQUENCE_OFFSET = '{"seq":'.length;

export type Random = () => number;

const states = ['running', 'warming', 'cooling', 'waiting'] as const;

/** `random` yields numbers in [0, 1). */
export function payloadText(device: string, random: Random): string {
  const fixed = [
    `{"seq":${SEQUENCE_FIRST}`,
    `"device":"${device}"`,
    `"ts":${1_760_000_000_000 + Math.floor(random() * 1e9)}`,
    `"temperature":${decimal(10, 99, 3, random)}`,
    `"pressure":${decimal(100, 999, 2, random)}`,
    `"vibration":${decimal(1, 9, 4, random)}`,
    `"rpm":${integer(1000, 9999, random)}`,
    `"current":${decimal(10, 99, 2, random)}`,
    `"state":"${states[integer(0, states.length - 1, random)]}"`,
    `"door":${random() < 0.5 ? 'true ' : 'false'}`,
    '"lot":"',
  ].join(',');
  const lot = PAYLOAD_BYTES - fixed.length - '"}'.length;
  return `${fixed}${hex(lot, random)}"}`;
}

/** A small deterministic generator (mulberry32), so that two runs send the same bytes. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

function integer(low: number, high: number, random: Random): number {
  return low + Math.floor(random() * (high - low + 1));
}

/** Fixed width: the last digit is never zero. */
function decimal(low: number, high: number, places: number, random: Random): string {
  const whole = integer(low, high, random);
  const fraction = integer(0, 10 ** (places - 1) - 1, random);
  return `${whole}.${String(fraction).padStart(places - 1, '0')}${integer(1, 9, random)}`;
}

function hex(length: number, random: Random): string {
  let text = '';
  while (text.length < length)
    text += Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
  return text.slice(0, length);
}
