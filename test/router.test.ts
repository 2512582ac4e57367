import { describe, expect, it } from 'vitest';
import { Router } from '../src/router.ts';

describe('Router', () => {
  const asked: string[] = [];
  const router = new Router({
    isMatched: (topic) => {
      asked.push(topic);
      return topic.startsWith('line/');
    },
    ruleNames: new Set(['press']),
    isAlarm: (topic) => topic.endsWith('/alarm'),
  });

  it('tells the class of a topic that a rule wants, and null of any other', () => {
    expect(router.route('line/1')).toEqual({ class: 'normal' });
    expect(router.route('line/alarm')).toEqual({ class: 'alarm' });
    expect(router.route('other')).toBeNull();
  });

  it('asks the rules once per topic', () => {
    asked.length = 0;
    router.route('line/7');
    router.route('line/7');
    expect(asked).toEqual(['line/7']);
  });

  it('takes a Basic Ingest topic only when it addresses an enabled rule', () => {
    expect(router.route('$aws/rules/press/a/b')).toEqual({ class: 'normal' });
    expect(router.route('$aws/rules/none/a/b')).toBeNull();
    expect(router.route('$aws/rules/press')).toBeNull();
  });

  it('asks anew once it has another rule set', () => {
    const isAlarm = () => false;
    const changing = new Router({ isMatched: (topic) => topic === 'a', ruleNames: new Set(['old']), isAlarm });
    expect([changing.route('a'), changing.route('b'), changing.route('$aws/rules/new/x')]).toEqual([
      { class: 'normal' },
      null,
      null,
    ]);
    changing.replace({ isMatched: (topic) => topic === 'b', ruleNames: new Set(['new']), isAlarm: () => true });
    expect([changing.route('a'), changing.route('b'), changing.route('$aws/rules/new/x')]).toEqual([
      null,
      { class: 'alarm' },
      { class: 'alarm' },
    ]);
  });
});
