/** Expressions and payloads in which comparisons often hit, for tests that need conditions to be true now and then. */
import fc from 'fast-check';

const field = fc.constantFrom('a', 'b', 'o.c', 'o.d', 'list', 'list[0]', 'get(list, 1)', 'topic(1)', 'topic(2)', '@v');
const literal = fc.constantFrom(
  ...['0', '1', '2.5', '5', '-1', "'5'", "'x'", "'true'", "'FALSE'", "''", 'true', 'false', 'NULL', '"a"'],
  ...['[]', "[1, 'x', NULL]", '[a, 5]', "{'c': 1}", '10.0', '1E3'],
);
const comparison = fc.constantFrom('=', '<>', '<', '<=', '>', '>=', 'IN');
const arithmetic = fc.constantFrom('+', '-', '*', '/', '%');
const call1 = fc.constantFrom(
  ...['upper', 'lower', 'abs', 'floor', 'length', 'isNull', 'isUndefined', 'sign', 'md5', 'concat', 'chr', 'cast1'],
  ...['decode64', 'get_or_default', 'topic', 'trim', 'sqrt', 'bitnot', 'NOT', '-'],
);
const call2 = fc.constantFrom(
  ...['startswith', 'indexof', 'concat', 'get', 'nanvl', 'get_or_default', 'mod', 'power', 'regexp_matches'],
  ...['substring', 'lpad', 'trunc', 'bitand', 'parse_time', 'time_to_epoch'],
);
const castType = fc.constantFrom('String', 'Int', 'Decimal', 'Boolean');

/** SQL text of an expression; everything in parentheses. */
const sql = fc.letrec<{ expression: string; boolean: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    field,
    literal,
    tie('boolean'),
    fc.tuple(tie('expression'), arithmetic, tie('expression')).map((parts) => `(${parts.join(' ')})`),
    fc.tuple(call1, tie('expression'), castType).map(([name, value, type]) => {
      if (name === 'cast1') return `cast(${value} AS ${type})`;
      if (name === 'NOT') return `(NOT ${value})`;
      return name === 'decode64' ? `decode(${value}, 'base64')` : `${name}(${value})`;
    }),
    fc.tuple(call2, tie('expression'), tie('expression')).map(([name, x, y]) => `${name}(${x}, ${y})`),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'), fc.option(tie('expression')))
      .map(([x, y, z, e]) => `CASE ${x} WHEN ${y} THEN ${z} ${e === null ? '' : `ELSE ${e} `}END`),
    fc.tuple(field, tie('boolean')).map(([x, y]) => `(SELECT VALUE a FROM ${x} AS a WHERE ${y})`),
  ),
  boolean: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    fc.tuple(field, comparison, literal).map((parts) => `(${parts.join(' ')})`),
    fc.tuple(literal, comparison, field).map((parts) => `(${parts.join(' ')})`),
    fc.tuple(tie('expression'), comparison, tie('expression')).map((parts) => `(${parts.join(' ')})`),
    fc
      .tuple(tie('boolean'), fc.constantFrom('AND', 'AND', 'OR'), tie('boolean'))
      .map((parts) => `(${parts.join(' ')})`),
    tie('boolean').map((part) => `(NOT ${part})`),
    fc.tuple(field, tie('boolean')).map(([x, y]) => `EXISTS (SELECT * FROM ${x} WHERE ${y})`),
    fc.tuple(fc.constantFrom('isNull', 'isUndefined'), field).map(([name, x]) => `${name}(${x})`),
  ),
}));
export const anyExpressionText = fc.oneof(sql.expression, sql.boolean);
export const anyCondition = sql.boolean;

const scalar = fc.constantFrom<unknown>(
  0,
  1,
  2.5,
  5,
  -1,
  1000,
  'x',
  '5',
  'true',
  'FALSE',
  '',
  'a',
  'c',
  true,
  false,
  null,
);
const element = fc.oneof(scalar, fc.record({ a: scalar, b: scalar }, { requiredKeys: [] }));

export const anyPayload: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record(
      {
        a: fc.oneof(scalar, element, fc.array(element, { maxLength: 3 })),
        b: fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })),
        o: fc.oneof(scalar, fc.record({ c: scalar, d: scalar }, { requiredKeys: [] })),
        list: fc.oneof(scalar, fc.array(element, { maxLength: 3 })),
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: element },
);
