import { describe, expect, it } from 'vitest';
import { Samples } from '../../../../src/rules/sql/analysis/samples.ts';
import { shapeOf } from '../../../../src/rules/sql/analysis/shape.ts';
import { analyzeTemplate } from '../../../../src/rules/sql/analyze.ts';
import { V1, V2 } from '../../context.ts';
import { findingsOf, ofWhere, payloads } from './findings.ts';

const samples = payloads(
  {
    temperature: '21,5',
    pressure: 3.1,
    state: 'on',
    tags: ['a'],
    parts: [{ serial: 1, passed: true }],
    geo: { latitude: 1 },
  },
  { temperature: '22,0', pressure: null, state: 'off', tags: [], parts: [] },
);
const of = (sql: string) => findingsOf(sql, samples);

describe('a field that no sample has', () => {
  it.each([
    ["SELECT temprature FROM 'a'", 'temprature does not occur in any of the 2 samples. Did you mean temperature?'],
    [
      "SELECT geo.lattitude AS x FROM 'a'",
      'geo.lattitude does not occur in any of the 2 samples. Did you mean latitude?',
    ],
    ["SELECT Pressure FROM 'a'", 'Did you mean pressure?'],
    ["SELECT nothing.at.all AS x FROM 'a'", 'nothing does not occur'],
    ["SELECT get(geo, 'latitud') AS x FROM 'a'", 'Did you mean latitude?'],
    ["SELECT geo['lon'] AS x FROM 'a'", "geo['lon'] does not occur"],
    ["SELECT (SELECT seriel FROM parts) AS x FROM 'a'", 'Did you mean serial?'],
    ["SELECT (SELECT VALUE p.pased FROM parts AS p) AS x FROM 'a'", 'Did you mean passed?'],
    ["SELECT parts[0].serail AS x FROM 'a'", 'Did you mean serial?'],
    ["SET @g = geo SELECT @g.latitude2 AS x FROM 'a'", 'Did you mean latitude?'],
    ["SELECT * FROM 'a' WHERE presure > 5", 'Did you mean pressure?'],
    ["SELECT isUndefined(presure) AS x FROM 'a'", 'Did you mean pressure?'],
  ])('is found: %s', (sql, why) => {
    const found = of(sql);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('SQL_FIELD_UNSEEN');
    expect(found[0]).toContain(why);
  });

  it.each([
    "SELECT temperature, pressure, geo.latitude AS lat FROM 'a'",
    "SELECT (SELECT serial, passed FROM parts WHERE passed) AS x FROM 'a'",
    "SELECT tags[0] AS x, tags[9] AS y FROM 'a'",
    "SELECT get_or_default(nothing, 1) AS x FROM 'a' WHERE NOT isUndefined(whatever)",
  ])('is not found: %s', (sql) => {
    expect(of(sql).filter((finding) => finding.startsWith('SQL_FIELD_UNSEEN'))).toEqual([]);
  });

  it('is not looked for in objects with more keys than are remembered', () => {
    const devices = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`d${i}`, i]));
    expect(findingsOf("SELECT devices.d999 AS x FROM 'a'", payloads({ devices }))).toEqual([]);
    expect(shapeOf([devices])).toMatchObject({ isPartial: true, count: 1 });
  });

  it('is found in templates', () => {
    const options = { version: V2, sql: "SET @g = geo SELECT * FROM 'a'", samples: new Samples(samples) };
    const found = analyzeTemplate('lines/${stat}/${@g.latitude}/${state}', options);
    expect(found.map(({ code, message }) => `${code} ${message}`)).toEqual([
      expect.stringContaining('SQL_FIELD_UNSEEN stat does not occur'),
    ]);
  });
});

describe('a field of another type than the statement needs', () => {
  it.each([
    ['temperature > 20', 'temperature is a String like "21,5", so this is always Undefined'],
    ['state > 5', 'state is a String like "on"'],
    ["pressure = 'high'", 'pressure is a number or Null like 3.1'],
    ['geo > 5', 'geo is an Object like {"latitude":1}'],
    ["tags = 'a'", 'tags is an Array like ["a"]'],
    ['pressure AND true', 'AND wants Booleans'],
    ['state.code = 5', 'Nothing can be taken out of'],
  ])('is found: %s', (condition, why) => {
    const found = ofWhere(condition, samples).join('\n');
    expect(found).toContain(why);
    expect(found).toContain('So it is in all samples.');
  });

  it.each([
    'pressure > 5',
    "state = 'broken'",
    "state = '5'",
    "state IN ['a', '1']",
    "'a' IN tags",
    "temperature = '23,5'",
    'isUndefined(geo.latitude)',
    "cast(replace(temperature, ',', '.') AS Decimal) > 20",
  ])('is not found: %s', (condition) => {
    expect(ofWhere(condition, samples)).toEqual([]);
  });

  it('is not found where samples have nothing but Null, or one of two Booleans', () => {
    expect(ofWhere('a > 5', payloads({ a: null }))).toEqual([]);
    expect(ofWhere('a = false', payloads({ a: true }))).toEqual([]);
    expect(ofWhere('NOT a', payloads({ a: 'true' }))).toEqual([]);
    expect(ofWhere('EXISTS (SELECT * FROM list WHERE b = 5)', payloads({ list: [] }))).toEqual([]);
  });
});

describe('samples with topics', () => {
  const onTopics = [
    { topic: 'plant/1/press', payload: { a: 1 } },
    { topic: 'plant', payload: { b: 'x' } },
  ];

  it('are held against the rules that take them', () => {
    const found = (filter: string, field: string) => findingsOf(`SELECT ${field} FROM '${filter}'`, onTopics);
    expect(found('plant/+/press', 'b')).toEqual([expect.stringContaining('b does not occur in the sample.')]);
    expect(found('plant/+/press', 'a')).toEqual([]);
    expect(found('other/#', 'c')).toEqual([]);
  });

  it('show what `#` does not match', () => {
    expect(findingsOf("SELECT * FROM 'plant/#'", onTopics)).toEqual([
      expect.stringContaining('A sample came on plant, which this filter does not match'),
    ]);
    expect(findingsOf("SELECT * FROM 'plant/1/#'", onTopics)).toEqual([]);
  });
});

describe('payloads that do not fit a clause', () => {
  it('are found beside `*`', () => {
    expect(findingsOf("SELECT *, topic() AS t FROM 'a'", payloads(5, [1]))).toEqual([
      expect.stringContaining('* adds nothing'),
    ]);
    expect(findingsOf("SELECT *, topic() AS t FROM 'a'", payloads(5, { a: 1 }))).toEqual([]);
    expect(findingsOf("SELECT * FROM 'a'", payloads(5))).toEqual([]);
  });

  it('are found where 2015-10-08 in AWS emits no Array', () => {
    const lists = payloads({ list: [1] });
    expect(findingsOf("SELECT VALUE list FROM 'a'", lists, V1)).toEqual([expect.stringContaining('SQL_VERSION')]);
    expect(findingsOf("SELECT VALUE list FROM 'a'", lists, V2)).toEqual([]);
    expect(findingsOf("SELECT VALUE * FROM 'a'", payloads([1]), V1)).toHaveLength(1);
  });
});
