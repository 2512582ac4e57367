import { describe, expect, it } from 'vitest';
import { Cache } from '../../src/connectors/cache.ts';

describe('the cache of answers', () => {
  it('keeps a value for its time and not longer', () => {
    let now = 1_000;
    const cache = new Cache<string>(10, 100_000, () => now);
    cache.put('k', 'v', 1, 500);
    now = 1_499;
    expect(cache.get('k')).toBe('v');
    now = 1_500;
    expect(cache.get('k')).toBeUndefined();
    cache.put('k', 'v', 1, 0);
    expect(cache.get('k')).toBeUndefined();
  });

  it('gives up what was unused for longest when there are too many', () => {
    const cache = new Cache<number>(2, 100_000, () => 0);
    cache.put('a', 1, 0, 10);
    cache.put('b', 2, 0, 10);
    cache.get('a');
    cache.put('c', 3, 0, 10);
    expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([1, undefined, 3]);
  });

  it('stays within its bytes, also after values were replaced and have run out', () => {
    let now = 0;
    const cache = new Cache<number>(1_000, 2_000, () => now);
    const count = () => Array.from({ length: 20 }, (_, n) => cache.get(`k${n}`)).filter((v) => v !== undefined).length;
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 20; n++) cache.put(`k${n}`, n, 100, 10);
      // 200 for the entry, 2 bytes a character: 404 and 406 each.
      expect(count()).toBe(4);
      for (let n = 16; n < 20; n++) cache.put(`k${n}`, n, 100, 10);
      expect(count()).toBe(4);
      now += 10;
      expect(count()).toBe(0);
    }
    cache.put('large', 1, 2_000, 10);
    expect(cache.get('large')).toBeUndefined();
  });
});
