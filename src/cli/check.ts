import { loadConfig } from '../config.ts';
import { formatFinding } from '../errors.ts';
import type { Host } from './host.ts';

/** `headgate check`: every finding of a configuration, its rules and schemas. Opens and starts nothing. Exit code 1 on any error. */
export function check(file: string, host: Host): number {
  const { config, findings } = loadConfig(file, host.env);
  for (const finding of findings) host.complain(formatFinding(finding));
  const errors = findings.filter((finding) => finding.severity === 'error').length;
  const warnings = findings.length - errors;
  const summary = `${errors} error${errors === 1 ? '' : 's'}, ${warnings} warning${warnings === 1 ? '' : 's'}`;
  if (config === null) {
    host.complain(`${file}: ${summary}.`);
    return 1;
  }
  const { rules, planned, schemas } = config.ruleSet;
  host.print(`${file}: ${rules.length} rules, ${planned.length} actions, ${schemas.length} schemas; ${summary}.`);
  return 0;
}
