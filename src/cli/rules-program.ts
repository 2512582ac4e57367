/** `headgate rules …`: one entry per command, each a few lines over the module that does the work, which is loaded when it runs. */
import { type Command, Option } from 'commander';
import type { Host } from './host.ts';
import type { RulesExportOptions } from './rules-export.ts';
import type { RulesImportOptions } from './rules-import.ts';

export function addRules(program: Command, host: Host, done: (exitCode: number) => void): void {
  const rules = program.command('rules').description('Import, export, check, test, evaluate and explain rules.');
  addImport(rules, host, done);
  addExport(rules, host, done);
  addCheck(rules, host, done);
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
      (pair: string, pairs: readonly string[]) => [...pairs, pair],
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
