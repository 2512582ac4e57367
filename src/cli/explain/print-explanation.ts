/** An explanation as lines of text: names on the left, wrapped words on the right. */
import type { ActionExplanation, RuleExplanation } from './explanation.ts';

type Row = readonly [name: string, lines: readonly string[]];

const NAME_WIDTH = 14;
/** Of the words; SQL is not wrapped. */
const WORDS_WIDTH = 96;

export function printExplanation(rule: RuleExplanation): string {
  const place = rule.place === '' ? '' : `  ${rule.place}`;
  const head = `${rule.ruleName}${place}${rule.isDisabled ? '  (disabled: it is not run)' : ''}`;
  const blocks = [[head, ...aligned(ruleRows(rule))]];
  for (const [index, action] of rule.actions.entries()) {
    blocks.push([`  action ${index}: ${action.type}`, ...aligned(actionRows(action))]);
  }
  if (rule.errorAction !== null) {
    blocks.push([`  error action: ${rule.errorAction.type}`, ...aligned(actionRows(rule.errorAction))]);
  }
  return [...blocks.flat(), ...aligned([['failures', rule.failures]])].join('\n');
}

function ruleRows(rule: RuleExplanation): readonly Row[] {
  const { topicFilter, where, variables, services } = rule;
  const isReached = `also by name: ${rule.basicIngest}`;
  const topics =
    topicFilter === null
      ? [`by name only: ${rule.basicIngest}`]
      : [topicFilter, `matches ${list(rule.matches)}`, `does not match ${list(rule.matchesNot)}`, isReached];
  return [
    ['sql', [rule.sql]],
    ['version', [rule.awsIotSqlVersion]],
    ['topics', topics],
    ['reads', [list(rule.fields)]],
    ...(variables.length === 0 ? [] : [['sets', variables.map(({ name, sql }) => `@${name} = ${sql}`)] as Row]),
    ['functions', [list(rule.functions.map(({ name, since }) => `${name} (since ${since})`))]],
    ...(services.length === 0
      ? []
      : [
          [
            'asks',
            [
              ...services.map(({ function: name, connector }) => `${name}: ${connector}`),
              'Each message waits for its answers before it is evaluated; messages for other rules do not.',
            ],
          ] as Row,
        ]),
    ['where', whereLines(where)],
    ['payload', [rule.payload.why]],
  ];
}

function whereLines(where: RuleExplanation['where']): readonly string[] {
  if (where === null) return ['there is none: every message on these topics'];
  switch (where.truth) {
    case 'never':
      return [where.sql, `This is never true: the rule does nothing. ${where.why}`];
    case 'always':
      return [where.sql, 'This is true for every message.'];
    case 'depends':
      return [where.sql];
  }
}

function actionRows(action: ActionExplanation): readonly Row[] {
  const { destination, addedFields, loop } = action;
  if (destination === null) return [['', ['It cannot be carried out as it stands: see headgate rules check.']]];
  return [
    [
      'to',
      destination.flatMap(({ field, template, dynamic }) => {
        const shown = `${field}: ${template}`;
        return dynamic.length === 0 ? [shown] : [shown, `  per message: ${list(dynamic)}`];
      }),
    ],
    ['as', [action.format]],
    ...(addedFields.length === 0 ? [] : [['adds', [list(addedFields)]] as Row]),
    ['packed', [action.packing]],
    ['entry', [action.entry]],
    ['calls', [action.calls]],
    ['class', [action.class]],
    ...(loop === '' ? [] : [['loop', [loop]] as Row]),
  ].filter(([, lines]) => lines.length > 0) as readonly Row[];
}

function list(texts: readonly string[]): string {
  return texts.length === 0 ? 'nothing' : texts.join(', ');
}

function aligned(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(([name, lines]) =>
    lines
      .flatMap((line) => wrapped(line, name === 'sql'))
      .map((line, index) => `  ${(index === 0 ? name : '').padEnd(NAME_WIDTH)}${line}`),
  );
}

function wrapped(text: string, isWhole: boolean): readonly string[] {
  if (isWhole || text.length <= WORDS_WIDTH) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WORDS_WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
