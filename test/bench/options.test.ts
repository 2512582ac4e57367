import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../bench/options.ts';

const parse = (...argv: string[]) => parseOptions(argv, ['mosquitto', 'sql']);

describe('parseOptions', () => {
  it('runs everything once when nothing is said', () => {
    expect(parse()).toMatchObject({ names: [], rounds: 1, seconds: 5, rate: null, isJson: false, save: null });
  });

  it('takes cases and figures', () => {
    const options = parse(
      'sql',
      '--seconds',
      '0.5',
      '--rounds',
      '3',
      '--json',
      'mosquitto',
      '--rate',
      '1000',
      '--save',
      'a-1',
    );
    expect(options).toMatchObject({
      names: ['sql', 'mosquitto'],
      seconds: 0.5,
      rounds: 3,
      rate: 1000,
      isJson: true,
      save: 'a-1',
    });
  });

  it('takes the name of a family for all its cases', () => {
    const known = ['sql', 'sql-nested', 'sqlite', 'journal'];
    expect(parseOptions(['sql'], known).names).toEqual(['sql', 'sql-nested']);
    expect(parseOptions(['sql-nested'], known).names).toEqual(['sql-nested']);
    expect(() => parseOptions(['sq'], known)).toThrow('There is no case sq');
  });

  it.each([
    [['other'], 'There is no case other; there are: mosquitto, sql.'],
    [['--seconds', '0'], '--seconds takes a number above 0'],
    [['--seconds', 'x'], '--seconds takes a number above 0'],
    [['--rounds', '1.5'], '--rounds takes a whole number'],
    [['--save', '../x'], "A result's name"],
    [['--fast'], "Unknown option '--fast'"],
  ])('refuses %j', (argv, why) => {
    expect(() => parse(...argv)).toThrow(why);
  });
});
