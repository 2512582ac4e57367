import { describe, expect, it } from 'vitest';
import { TopicCache } from '../../src/lanes/topic-cache.ts';

function open() {
  const matched: string[] = [];
  const cache = new TopicCache((topic) => {
    matched.push(topic);
    return { topic, ruleTopic: topic, rules: [] };
  });
  const find = (topic: string) => {
    const bytes = Buffer.from(`before ${topic} after`);
    return cache.find(bytes, 7, bytes.length - 6).topic;
  };
  return { matched, find };
}

describe('topic cache', () => {
  it('matches a topic once', () => {
    const { matched, find } = open();
    expect(['a/b', 'a/b', 'Größe/°C', 'Größe/°C', 'a/b'].map(find)).toEqual([
      'a/b',
      'a/b',
      'Größe/°C',
      'Größe/°C',
      'a/b',
    ]);
    expect(matched).toEqual(['a/b', 'Größe/°C']);
  });

  it('tells topics apart whose hashes are equal', () => {
    const { matched, find } = open();
    // Known collisions of FNV-1a with 32 bits.
    const pairs = ['costarring', 'liquid', 'declinate', 'macallums', 'altarage', 'zinke'];
    for (const topic of [...pairs, ...pairs]) expect(find(topic)).toBe(topic);
    expect(matched).toEqual(pairs);
  });

  it('is right and keeps what is in use when there are more topics than it holds', () => {
    const { matched, find } = open();
    for (let i = 0; i < 100_000; i++) {
      expect(find(`plant/${i}`)).toBe(`plant/${i}`);
      if (i % 1000 === 0) find('always');
    }
    expect(matched.filter((topic) => topic === 'always')).toHaveLength(1);
    expect(find('plant/7')).toBe('plant/7');
    expect(matched.filter((topic) => topic === 'plant/7')).toHaveLength(2);
  });
});
