import { type ErrorRow, errorRows } from '../../errors.ts';
import { code, page, table } from './markdown.ts';

/** docs/reference/errors.md. */
export function errorsPage(): string {
  const rows = Object.entries<ErrorRow>(errorRows).map(([name, row]) => [code(name), row.summary, row.remedy]);
  const introduction = [
    'Every code that a command prints or that stands with a dead letter. A command that fails ends with exit code 1; findings are printed as',
    '`file:line:column path: why, and what to write [CODE]`, all of them at once.',
  ].join('\n');
  return page('Errors', introduction, [table(['code', 'what it means', 'what to do'], rows)]);
}
