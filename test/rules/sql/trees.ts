/** Syntax trees that the parser could have made, of every kind of node, for property tests. Spans are zeros. */
import fc from 'fast-check';
import { parseNumber } from '../../../src/decimal.ts';
import type {
  BinaryOperator,
  Expression,
  NestedQuery,
  Select,
  SelectItem,
  Statement,
} from '../../../src/rules/sql/ast.ts';
import { defaultKey } from '../../../src/rules/sql/expression-parser.ts';
import { printExpression } from '../../../src/rules/sql/print.ts';
import type { Value } from '../../../src/rules/value.ts';
import { V1 } from '../context.ts';
import { prototypeNames } from '../values.ts';

const span = { start: 0, end: 0 };

const keywords = 'SELECT from Where AS and OR not In case WHEN then ELSE end exists SET value'.split(' ');
const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'temp', 'data1', '_x', 'é', 'timestamp') },
  { weight: 1, arbitrary: fc.constantFrom(...prototypeNames) },
  { weight: 2, arbitrary: fc.constantFrom(...keywords) },
);
/** After a dot and after AS, words that are literals elsewhere are names too. */
const memberName = fc.oneof({ weight: 5, arbitrary: name }, { weight: 1, arbitrary: fc.constantFrom('true', 'NULL') });
const functionName = fc.constantFrom('upper', 'concat', 'topic', 'Round', 'get', 'get_or_default');
const castType = fc.constantFrom('String', 'Int', 'DECIMAL', 'Double', 'bool', 'Text');
const variableName = fc.constantFrom('v', 'v2', 'x_1');
const text = fc.oneof(
  fc.string(),
  fc.constantFrom("'", "''", '"', "it's", '\\d+', 'a\nb', '${x}', '}', '\ud800', '😀'),
);

function number(version: string): fc.Arbitrary<Value> {
  const digits = fc.oneof(
    fc.nat().map(String),
    fc.constantFrom('0', '10.0', '1E3', '0.1', '9007199254740993', '1E999', '5E-12', '1E-999', '1E1000', '1e34'),
    fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 34n }), fc.integer({ min: -990, max: 950 })).map(([n, e]) => `${n}E${e}`),
  );
  return digits.map((digitsText) => parseNumber(digitsText, version === V1));
}

const operators: readonly BinaryOperator[] = [
  ...(['AND', 'OR', 'IN', '=', '<>', '<', '<=', '>', '>=', '+', '-', '*', '/', '%'] as const),
];

interface Trees {
  expression: Expression;
  /** Where `*` may stand for the payload. */
  starred: Expression;
  nested: NestedQuery;
  select: Select;
}

function trees(version: string) {
  return fc.letrec<Trees>((tie: fc.LetrecTypedTie<Trees>) => {
    const expression = tie('expression');
    const node = <Kind extends Expression['kind']>(
      kind: Kind,
      shape: Record<string, fc.Arbitrary<unknown>>,
    ): fc.Arbitrary<Expression> =>
      fc.record(shape).map((fields) => ({ kind, ...fields, ...span }) as unknown as Expression);
    const literal = fc.oneof(number(version), text, fc.boolean(), fc.constant(null));
    return {
      expression: fc.oneof(
        { depthSize: 'small', maxDepth: 6, withCrossShrink: true },
        node('name', { name }),
        node('literal', { value: literal }),
        node('variable', { name: variableName }),
        node('member', { object: expression, name: memberName }),
        node('index', { object: expression, index: expression }),
        node('unary', { operator: fc.constantFrom('-', 'NOT'), operand: expression }),
        node('binary', { operator: fc.constantFrom(...operators), left: expression, right: expression }),
        node('case', {
          subject: expression,
          branches: fc.array(fc.record({ when: expression, result: expression }), { minLength: 1, maxLength: 2 }),
          otherwise: fc.option(expression),
        }),
        node('call', {
          name: functionName,
          nameSpan: fc.constant(span),
          parameters: fc.array(tie('starred'), { maxLength: 3 }),
        }),
        node('cast', { operand: expression, type: castType, typeSpan: fc.constant(span) }),
        node('array', { items: fc.array(tie('starred'), { maxLength: 3 }) }),
        node('object', { members: fc.array(fc.record({ key: text, value: tie('starred') }), { maxLength: 3 }) }),
        tie('nested'),
        node('exists', { query: tie('nested') }),
      ),
      starred: fc.oneof({ weight: 6, arbitrary: expression }, { weight: 1, arbitrary: node('star', {}) }),
      nested: fc
        .record({
          select: tie('select'),
          source: expression,
          alias: fc.option(memberName),
          where: fc.option(expression),
        })
        .map((fields) => ({ kind: 'nested', ...fields, ...span }) as const),
      select: fc.oneof(
        { depthSize: 'small', maxDepth: 6 },
        tie('starred').map((single): Select => ({ kind: 'single', expression: single, ...span })),
        fc
          .array(item(expression, tie('starred')), { minLength: 1, maxLength: 3 })
          .map((items): Select => ({ kind: 'items', items, ...span })),
      ),
    };
  });
}

function item(expression: fc.Arbitrary<Expression>, starred: fc.Arbitrary<Expression>): fc.Arbitrary<SelectItem> {
  const alias = fc.array(memberName, { minLength: 1, maxLength: 3 });
  return fc.oneof(
    fc.constant<SelectItem>({ kind: 'all', ...span }),
    expression.map((object): SelectItem => ({ kind: 'spread', object, ...span })),
    fc.tuple(starred, alias).map(([part, key]): SelectItem => ({ kind: 'value', expression: part, key, ...span })),
    expression.map((part): SelectItem => {
      const key = [defaultKey(part, printExpression)];
      return { kind: 'value', expression: part, key, ...span };
    }),
  );
}

export function anyExpression(version: string): fc.Arbitrary<Expression> {
  return trees(version).expression;
}

export function anyStatement(version: string): fc.Arbitrary<Statement> {
  const { expression, starred, select } = trees(version);
  const assignment = fc.tuple(variableName, starred).map(([variable, value]) => ({ name: variable, value, ...span }));
  const topicFilter = fc
    .oneof(text, fc.constantFrom('a/#', '+/b', "it's/#"))
    .map((filter) => ({ text: filter, span, isSingleQuoted: true }));
  return fc.record({
    assignments: fc.array(assignment, { maxLength: 2 }),
    set: fc.constant(null),
    select,
    topicFilter: fc.option(topicFilter),
    where: fc.option(expression),
    looseCommas: fc.constant([]),
  });
}
