/** Payloads with an array of ten readings, as short and as random as the others. */
import { PAYLOAD_BYTES, seededRandom } from './payload.ts';

export const READINGS = 10;

/** JSON texts of PAYLOAD_BYTES, `{"id":"…","readings":[{"c":0,"v":21.5},…]}`; `v` is from 10.1 to 99.9 and never whole. */
export function readingsTexts(count: number): string[] {
  const random = seededRandom(2);
  const digit = (low: number) => low + Math.floor(random() * (10 - low));
  return Array.from({ length: count }, (_, index) => {
    const readings = Array.from({ length: READINGS }, (_, c) => `{"c":${c},"v":${digit(1)}${digit(0)}.${digit(1)}}`);
    const rest = `,"readings":[${readings.join(',')}]}`;
    const digits = PAYLOAD_BYTES - '{"id":""'.length - rest.length;
    return `{"id":"${String(index).padStart(digits, '0')}"${rest}`;
  });
}
