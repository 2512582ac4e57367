import { describe, expect, it } from 'vitest';
import { stopInTime } from '../../src/cli/stop-in-time.ts';

describe('stopInTime', () => {
  it('gives a stop up that does not end', async () => {
    let end = () => {};
    const hangs = new Promise<void>((resolve) => {
      end = resolve;
    });
    let lateCount = 0;
    await stopInTime(
      () => hangs,
      5,
      () => {
        lateCount++;
        end();
      },
    );
    expect(lateCount).toBe(1);
  });

  it('leaves a stop alone that ends, also with an error', async () => {
    let lateCount = 0;
    const late = () => void lateCount++;
    await stopInTime(async () => {}, 20, late);
    await expect(stopInTime(() => Promise.reject(new Error('EIO')), 20, late)).rejects.toThrow('EIO');
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(lateCount).toBe(0);
  });
});
