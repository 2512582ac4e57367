/** `headgate rules …`: one entry per command, each a few lines over the module that does the work, which is loaded when it runs. */
import type { Command } from 'commander';
import type { Host } from './host.ts';

export function addRules(program: Command, _host: Host, _done: (exitCode: number) => void): void {
  program.command('rules').description('Import, export, check, test, evaluate and explain rules.');
}
