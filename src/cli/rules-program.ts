/** `headgate rules …`: one entry per command, each a few lines over the module that does the work, which is loaded when it runs. */
import { type Command, Option } from 'commander';
import type { Host } from './host.ts';
import type { RulesEvalOptions } from './rules-eval.ts';
import type { RulesExplainOptions } from './rules-explain.ts';
import type { RulesExportOptions } from './rules-export.ts';
import type { RulesImportOptions } from './rules-import.ts';

export function addRules(program: Command, host: Host, done: (exitCode: number) => void): void {
  const rules = program.command('rules').description('Import, export, check, test, evaluate and explain rules.');
  addImport(rules, host, done);
  addExport(rules, host, done);
  addCheck(rules, host, done);
  addTest(rules, host, done);
  addEval(rules, host, done);
  addExplain(rules, host, done);
}

function addTest(rules: Command, host: Host, done: (exitCode: number) => void): void {
  rules
    .command('test')
    .description('Run fixtures: messages, with what rules are to make of them. Exit code 1 unless all cases pass.')
    .argument('[files...]', 'fixture files, and folders with *.test.yaml files; default: the current folder')
    .option('-c, --config <file>', 'configuration whose rules, connectors and schemas are meant')
    .option('--rules <files...>', 'rule files and folders, for fixtures that name none')
    .action(async (files: string[], options: { config?: string; rules?: string[] }) => {
      const { testRules } = await import('./rules-test.ts');
      done(await testRules(files, { ...options, rules: options.rules ?? [] }, host));
    });
}

const addTo = (value: string, values: readonly string[]) => [...values, value];

function addEval(rules: Command, host: Host, done: (exitCode: number) => void): void {
  rules
    .command('eval')
    .description('Print what a statement makes of a message.')
    .requiredOption('--sql <statement>', 'the statement')
    .requiredOption('--topic <topic>', 'what the message was published to')
    .option('--payload <text>', 'the payload; default: empty')
    .option('--payload-file <file>', 'the payload from a file; - is standard input')
    .addOption(
      new Option('--version <version>', 'awsIotSqlVersion')
        .choices(['2015-10-08', '2016-03-23', 'beta'])
        .default('2016-03-23'),
    )
    .option('--client-id <id>', 'client id of the sender', 'client-1')
    .option('--principal <name>', 'user name or certificate subject of the sender', 'principal-1')
    .option('--timestamp <time>', 'receive time: milliseconds since 1970, or 2026-01-31T06:00:00Z; default: now')
    .option('--template <text>', 'print this text with its ${…} filled in, instead of the output')
    .option(
      '--answer <function=json>',
      'what a service answers, such as get_secret=\'"s3cret"\'; may be repeated',
      addTo,
      [] as readonly string[],
    )
    .addHelpText('after', '\nExit codes: 0 = match, 1 = error, 3 = no match.')
    .action(async (options: RulesEvalOptions) => {
      const { evalRule } = await import('./rules-eval.ts');
      done(await evalRule(options, host));
    });
}

function addExplain(rules: Command, host: Host, done: (exitCode: number) => void): void {
  rules
    .command('explain')
    .description('Show in plain words what rules do, clause by clause and action by action.')
    .argument('[names...]', 'names of rules; default: all')
    .option('-c, --config <file>', 'configuration file; default: headgate.yaml, if there is one and no files are named')
    .option('--rules <files...>', 'rule files and folders')
    .option('--sql <statement>', 'a statement by itself')
    .addOption(
      new Option('--version <version>', 'awsIotSqlVersion of that statement')
        .choices(['2015-10-08', '2016-03-23', 'beta'])
        .default('2016-03-23'),
    )
    .addOption(new Option('--format <format>', 'how it is printed').choices(['text', 'json']).default('text'))
    .action(async (names: string[], options: Omit<RulesExplainOptions, 'rules'> & { rules?: string[] }) => {
      const { explainRules } = await import('./rules-explain.ts');
      done(explainRules(names, { ...options, rules: options.rules ?? [] }, host));
    });
}

function addCheck(rules: Command, host: Host, done: (exitCode: number) => void): void {
  rules
    .command('check')
    .description('Name everything that is wrong or doubtful in rule files, without the rest of a configuration.')
    .argument('[files...]', 'rule files and folders; default: those of the configuration')
    .option('-c, --config <file>', 'configuration file; default: headgate.yaml, if there is one and no files are named')
    .option(
      '--samples <files...>',
      'sample messages: payloads, or objects with topic and payload, as JSON or JSON lines',
    )
    .addOption(new Option('--format <format>', 'how findings are printed').choices(['text', 'json']).default('text'))
    .action(async (files: string[], options: { config?: string; samples?: string[]; format: 'text' | 'json' }) => {
      const { checkRules } = await import('./rules-check.ts');
      done(checkRules(files, { ...options, samples: options.samples ?? [] }, host));
    });
}

function addImport(rules: Command, host: Host, done: (exitCode: number) => void): void {
  rules
    .command('import')
    .description(
      'Make rule files of what aws iot get-topic-rule prints, of TopicRulePayloads and of CloudFormation templates; say of each action whether it runs here.',
    )
    .argument('<files...>', 'JSON or YAML files; - is standard input')
    .option('-o, --out <dir>', 'folder of the rule files', '.')
    .option('--force', 'replace rule files that exist', false)
    .option('--partial', 'import rules without the actions that are not supported', false)
    .option('--name <name>', 'name of a rule that has none; default: after its file')
    .option(
      '--parameter <name=value>',
      'a value that a template does not have; may be repeated',
      addTo,
      [] as readonly string[],
    )
    .action(async (files: string[], options: RulesImportOptions) => {
      const { importRules } = await import('./rules-import.ts');
      done(await importRules(files, options, host));
    });
}

function addExport(rules: Command, host: Host, done: (exitCode: number) => void): void {
  rules
    .command('export')
    .description('Print rules as the JSON of AWS, without what is only of this gateway.')
    .argument('[files...]', 'rule files; default: those of the configuration')
    .option('-c, --config <file>', 'configuration file', 'headgate.yaml')
    .addOption(
      new Option('--format <format>', 'which document of AWS')
        .choices(['create-topic-rule', 'get-topic-rule', 'cloudformation'])
        .default('create-topic-rule'),
    )
    .action(async (files: string[], options: RulesExportOptions) => {
      const { exportRules } = await import('./rules-export.ts');
      done(await exportRules(files, options, host));
    });
}
