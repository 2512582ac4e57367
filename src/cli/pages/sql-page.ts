import { functions } from '../../rules/functions/index.ts';
import { type Category, type FunctionSpec, parameterCountMax } from '../../rules/functions/spec.ts';
import { choices } from '../../rules/sql/choices.ts';
import { code, page, table } from './markdown.ts';

const categories: readonly { readonly category: Category; readonly title: string }[] = [
  { category: 'conversion', title: 'Conversion and inspection' },
  { category: 'number', title: 'Numbers' },
  { category: 'string', title: 'Texts' },
  { category: 'hash', title: 'Hashes' },
  { category: 'array', title: 'Arrays' },
  { category: 'message', title: 'The message' },
  { category: 'time', title: 'Time' },
  { category: 'external', title: 'Functions that ask a service' },
];

/** docs/reference/sql.md: what the engine has, from its own lists. */
export function sqlPage(): string {
  const introduction = [
    "The language is that of AWS IoT rules: `SELECT … FROM 'topic/filter' WHERE …`, in both versions of `awsIotSqlVersion`. An absent version means 2015-10-08, as in AWS.",
    'Values are those of JSON and Undefined, which is not null: what cannot be computed is Undefined, and a key whose value is Undefined is left out. A function never fails;',
    'given what it cannot work with, it gives Undefined. Whole numbers and decimals are exact to 34 digits.',
    "The exceptions are functions that ask a service, which have to be configured under `connectors`, and `decode(…, 'proto', …)`: when one fails, so does the rule for this",
    'message, unless `get_or_default` stands around the call. `roleArn` is accepted for the sake of AWS, and means nothing here.',
  ].join('\n');
  const doubts = [
    '## Where AWS leaves it open',
    'What the documentation of AWS does not say, and what happens here.',
    table(
      ['question', 'here'],
      choices.map(({ question, choice }) => [question, choice]),
    ),
  ].join('\n\n');
  return page('SQL', introduction, [...categories.flatMap(categorySection), doubts]);
}

function categorySection({ category, title }: (typeof categories)[number]): readonly string[] {
  const specs = functions.filter((spec) => spec.category === category);
  if (specs.length === 0) return [];
  const rows = specs.map((spec) => [
    code(signature(spec)),
    spec.since === '2015-10-08' ? spec.summary : `${spec.summary} Since ${spec.since}.`,
    spec.examples.map(({ sql, result }) => `${code(sql)} → ${result === '' ? 'Undefined' : code(result)}`).join('<br>'),
  ]);
  return [[`## ${title}`, table(['function', 'meaning', 'examples'], rows)].join('\n\n')];
}

function signature(spec: FunctionSpec): string {
  const params = spec.params.map(({ name, isOptional, isRepeated }) => {
    if (isRepeated) return `${name}, …`;
    return isOptional ? `[${name}]` : name;
  });
  return `${spec.name}(${parameterCountMax(spec) === 0 ? '' : params.join(', ')})`;
}
