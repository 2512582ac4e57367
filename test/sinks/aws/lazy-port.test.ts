import { describe, expect, it } from 'vitest';
import { lazyPort } from '../../../src/aws/lazy-port.ts';

function scene(load: () => Promise<string>) {
  const made: string[] = [];
  const closed: string[] = [];
  const port = lazyPort(load, (name) => {
    made.push(name);
    return { name, close: () => closed.push(name) };
  });
  return { port, made, closed };
}

describe('a port that is loaded lazily', () => {
  it('loads at once, and makes one client at the first use', async () => {
    let loads = 0;
    const { port, made } = scene(async () => `client ${++loads}`);
    expect({ loads, made }).toEqual({ loads: 1, made: [] });
    const [first, second] = await Promise.all([port.get(), port.get()]);
    expect(first).toBe(second);
    expect(made).toHaveLength(1);
  });

  it('tries again after a load that failed', async () => {
    let isThere = false;
    const { port } = scene(async () => {
      if (!isThere) throw new Error('too many open files');
      return 'client';
    });
    await expect(port.get()).rejects.toThrow('too many open files');
    isThere = true;
    expect((await port.get()).name).toBe('client');
  });

  it('closes what was made, and nothing when nothing was', async () => {
    const used = scene(async () => 'used');
    await used.port.get();
    await used.port.close();
    const unused = scene(async () => 'unused');
    await unused.port.close();
    const broken = scene(() => Promise.reject(new Error('no such package')));
    await expect(broken.port.get()).rejects.toThrow('no such package');
    await broken.port.close();
    expect([used.closed, unused.made, broken.made]).toEqual([['used'], [], []]);
  });
});
