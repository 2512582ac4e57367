/** docs/reference/sql.md: the language, from the engine's own lists and by trying it out. */
import { JSON_DEPTH_MAX } from '../../json.ts';
import { functions } from '../../rules/functions/index.ts';
import { ELEMENTS_MAX } from '../../rules/functions/string.ts';
import { TEXT_CHARACTERS_MAX } from '../../rules/size.ts';
import { VARIABLE_CHARACTERS_MAX, VARIABLES_MAX } from '../../rules/sql/checker.ts';
import { choices } from '../../rules/sql/choices.ts';
import { TREE_DEPTH_MAX } from '../../rules/sql/depth.ts';
import { ELEMENTS_MAX as NESTED_ELEMENTS_MAX } from '../../rules/sql/growth-limit.ts';
import { SQL_CHARACTERS_MAX } from '../../rules/sql/parser.ts';
import { PROTO_CALLS_MAX } from '../../rules/sql/proto-call.ts';
import { SET_BYTES_MAX } from '../../rules/sql/set-limit.ts';
import { code, fenced, page, table } from './markdown.ts';
import { clauses } from './sql-clauses.ts';
import { functionIndex, functionSections } from './sql-functions.ts';
import { trialTopic, tryStatement } from './sql-trial.ts';
import { conversionTable, operatorTable } from './sql-types.ts';

export function sqlPage(): string {
  const introduction = [
    "The language is that of AWS IoT rules: `SELECT … FROM 'topic/filter' WHERE …`, in both versions of `awsIotSqlVersion`. An absent version means 2015-10-08, as in AWS.",
    'Values are those of JSON and Undefined, which is not null: what cannot be computed is Undefined, and a key whose value is Undefined is left out. A function never fails;',
    'given what it cannot work with, it gives Undefined. Whole numbers and decimals are exact to 34 digits.',
    "The exceptions are functions that ask a service, which have to be configured under `connectors`, and `decode(…, 'proto', …)`: when one fails, so does the rule for this",
    'message, unless `get_or_default` stands around the call. `roleArn` is accepted for the sake of AWS, and means nothing here.',
    '',
    'Try anything: `headgate rules eval --sql … --topic … --payload …`. Every result on this page was computed by the engine.',
  ].join('\n');
  return page('SQL', introduction, [
    ['## Functions by name', functionIndex()].join('\n\n'),
    clausesSection(),
    versionsSection(),
    typesSection(),
    operatorsSection(),
    ...functionSections(),
    limitsSection(),
    choicesSection(),
  ]);
}

function clausesSection(): string {
  const sections = clauses.map(({ title, text, examples }) => {
    const shown = examples.map(({ sql, payload }, index) => {
      const isRepeated = payload === examples[index - 1]?.payload;
      return `${sql}\n${isRepeated ? '' : `-- ${payload}\n`}→  ${tryStatement(sql, payload)}`;
    });
    return [`### ${title}`, text, ...(shown.length === 0 ? [] : [fenced('sql', shown.join('\n\n'))])].join('\n\n');
  });
  const head = `In this order: SET, SELECT, FROM, WHERE. Keywords and names of functions may be in any case; names of fields and topics may not. Below a statement stand a payload, published to ${code(trialTopic)}, and what the actions get.`;
  return ['## Clauses', head, ...sections].join('\n\n');
}

function versionsSection(): string {
  const later = functions.filter(({ since }) => since === '2016-03-23').map(({ name }) => code(name));
  return [
    '## Versions',
    [
      `New rules say ${code("awsIotSqlVersion: '2016-03-23'")}. Only that version has array and object literals, nested SELECT and EXISTS, SET, ${code('a[0]')}, ${code('a.*')}, casts to`,
      'Decimal and Boolean, and the functions named below; a rule of 2015-10-08 that uses them is refused when it is checked. 2015-10-08 keeps the form of `10.0`, which',
      '2016-03-23 takes for the Int 10.',
    ].join('\n'),
    later.join(', '),
  ].join('\n\n');
}

function typesSection(): string {
  const writers = [
    ['as a number (`x - 0`)', (x: string) => `${x} - 0`],
    ["as text (`x + ''`)", (x: string) => `${x} + ''`],
    ['as a Boolean (`NOT NOT x`)', (x: string) => `NOT NOT ${x}`],
  ] as const;
  return [
    '## Types and conversions',
    'What operators and functions make of a value by themselves, where they need another type. A dash is Undefined. On request, `cast()` converts more.',
    conversionTable(writers),
  ].join('\n\n');
}

const operatorGroups: readonly { readonly title: string; readonly text: string; readonly operator: string }[] = [
  { title: '`-` `*` `/` `%`', text: 'Exact, to 34 digits. Division by zero is Undefined.', operator: '/' },
  {
    title: '`+`',
    text: "Joins texts when either side is a String: `2 + '3'` is `'23'`. Numeric Strings are not added.",
    operator: '+',
  },
  { title: '`<` `<=` `>` `>=`', text: 'Compare numbers, and nothing else: texts have no order.', operator: '<' },
  {
    title: '`=` `<>`',
    text: "Compare type and value, without conversion: `5 = '5'` is false. Arrays and objects are compared whole.",
    operator: '=',
  },
  {
    title: '`AND` `OR`',
    text: 'Both sides have to be Boolean, or Strings that spell one; else all of it is Undefined.',
    operator: 'AND',
  },
  { title: '`IN`', text: 'Whether an array has an element that is the same.', operator: 'IN' },
];

function operatorsSection(): string {
  const order =
    'From tight to loose: member and element, unary `-`, `* / %`, `+ -`, comparisons and `IN`, `NOT`, `AND`, `OR`.';
  const groups = operatorGroups.map(({ title, text, operator }) =>
    [`### ${title}`, text, operatorTable((left, right) => `${left} ${operator} ${right}`)].join('\n\n'),
  );
  return ['## Operators', order, ...groups].join('\n\n');
}

function limitsSection(): string {
  const count = (number: number): string => number.toLocaleString('en');
  const perStatement = functions.flatMap(({ name, callsMax }) =>
    callsMax === undefined
      ? []
      : [[`calls of ${code(name)} in a statement`, count(callsMax), 'refused when the rule is checked']],
  );
  return [
    '## Limits',
    table(
      ['what', 'at most', 'beyond that'],
      [
        ['characters of a statement', count(SQL_CHARACTERS_MAX), 'refused when the rule is checked'],
        ['operators and names within each other', count(TREE_DEPTH_MAX), 'refused when the rule is checked'],
        ['SET variables', count(VARIABLES_MAX), 'refused when the rule is checked'],
        ['characters of the name of a variable', count(VARIABLE_CHARACTERS_MAX), 'refused when the rule is checked'],
        ...perStatement,
        [
          `calls of ${code("decode(…, 'proto', …)")} in a statement`,
          count(PROTO_CALLS_MAX),
          'refused when the rule is checked',
        ],
        ['bytes of all SET variables together, as JSON', count(SET_BYTES_MAX), 'the rule fails for this message'],
        ['elements that nested queries look at', count(NESTED_ELEMENTS_MAX), 'the rule fails for this message'],
        ['levels of a payload', count(JSON_DEPTH_MAX), 'the rule fails for this message, if it reads fields'],
        ['characters of a text', count(TEXT_CHARACTERS_MAX), 'Undefined'],
        ['elements of an array that a function makes', count(ELEMENTS_MAX), 'Undefined'],
        ['digits of a number', '34', 'rounded, ties to even'],
        ['magnitude of a number', '1E-999 to 1E999', '0, or Undefined'],
      ],
    ),
  ].join('\n\n');
}

function choicesSection(): string {
  return [
    '## Where AWS leaves it open',
    'What the documentation of AWS does not say, and what happens here.',
    table(
      ['question', 'here'],
      choices.map(({ question, choice }) => [question, choice]),
    ),
  ].join('\n\n');
}
