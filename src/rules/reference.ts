/** The language reference page, from what the engine itself declares. */
import { externalFunctions, functions } from './functions/index.ts';
import type { Category, FunctionSpec } from './functions/spec.ts';
import { castTypes } from './sql/cast.ts';
import { choices } from './sql/choices.ts';

const categories: readonly { readonly category: Category; readonly title: string }[] = [
  { category: 'conversion', title: 'Conversion and inspection' },
  { category: 'number', title: 'Numbers' },
  { category: 'string', title: 'Text' },
  { category: 'hash', title: 'Hashes' },
  { category: 'array', title: 'Arrays' },
  { category: 'message', title: 'The message' },
  { category: 'time', title: 'Time' },
];

/** Markdown. */
export function describeLanguage(): string {
  return [
    '# AWS IoT SQL',
    introduction,
    '## Functions',
    functionsIntroduction,
    ...categories.flatMap(({ category, title }) => [
      `### ${title}`,
      ...(category === 'conversion' ? [describeCast()] : []),
      ...functions.filter((spec) => spec.category === category).map(describeFunction),
    ]),
    '## Not available',
    `These functions of AWS ask another service; a rule that calls one is refused: ${externalFunctions.map(code).join(', ')}, and ${code("decode(…, 'proto', …)")}.`,
    '## Choices',
    'Where the documentation of AWS leaves open what a statement means, this is what happens here.',
    `| Question | Here |\n| --- | --- |\n${choices.map((row) => `| ${cell(row.question)} | ${cell(row.choice)} |`).join('\n')}`,
    '',
  ].join('\n\n');
}

const introduction = [
  'Rules are written in the SQL of AWS IoT Core: `[SET …] SELECT … FROM … [WHERE …]`, with nested queries, `CASE`, `IN`, `EXISTS`, literals of',
  "objects and arrays, and `${}` templates in the fields of actions. AWS's own reference applies:",
  '<https://docs.aws.amazon.com/iot/latest/developerguide/iot-sql-reference.html>. Numbers are decimals with 34 digits, not doubles:',
  '`0.1 + 0.2 = 0.3`, and integers beyond 2^53 keep their digits.',
].join('\n');

const functionsIntroduction = [
  'Names are found in any case. A function gives Undefined for parameters it cannot use; "from 2016-03-23" means that the rule must have',
  'that `awsIotSqlVersion`. What an example gives is JSON.',
].join('\n');

function describeFunction(spec: FunctionSpec): string {
  const parameters = spec.params.map(({ name, isOptional, isRepeated }) => {
    const repeated = isRepeated ? `${name}, …` : name;
    return isOptional ? `[${repeated}]` : repeated;
  });
  const since = spec.since === '2015-10-08' ? '' : ` (from ${spec.since})`;
  const examples = spec.examples.map(({ sql, result }) => `${sql}  →  ${result === '' ? 'Undefined' : result}`);
  return `#### ${code(`${spec.name}(${parameters.join(', ')})`)}${since}\n\n${spec.summary}\n\n\`\`\`text\n${examples.join('\n')}\n\`\`\``;
}

function describeCast(): string {
  const rows = [...castTypes].map(
    ([name, { since }]) => `${code(name)}${since === '2015-10-08' ? '' : ` (from ${since})`}`,
  );
  return [
    `#### ${code('cast(value AS type)')}`,
    `The value as another type, or Undefined. Unlike elsewhere, Booleans become 1 and 0, numbers other than 0 become true, and a fraction is rounded down to an Int. Types: ${rows.join(', ')}.`,
    "```text\ncast(true AS Int)  →  1\ncast('12.7' AS Int)  →  12\n```",
  ].join('\n\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
