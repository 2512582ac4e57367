/** `headgate rules …`: one entry per command, each a few lines over the module that does the work, which is loaded when it runs. */
import { type Command, Option } from 'commander';
import type { Host } from './host.ts';

export function addRules(program: Command, host: Host, done: (exitCode: number) => void): void {
  const rules = program.command('rules').description('Import, export, check, test, evaluate and explain rules.');
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
