/** `headgate …` without a process around it. */
import type { Host } from '../../src/cli/host.ts';
import { createProgram } from '../../src/cli/program.ts';
import { CodedError, formatFinding } from '../../src/errors.ts';

export interface Ran {
  /** null: the command ended with an error that `main.ts` prints, which stands among the complaints. */
  readonly code: number | null;
  readonly printed: string;
  readonly complaints: string;
}

export async function runRules(
  args: readonly string[],
  options: { readonly isTerminal?: boolean; readonly stdin?: string } = {},
): Promise<Ran> {
  const printed: string[] = [];
  const complaints: string[] = [];
  const host = {
    env: {},
    version: '0',
    isTerminal: options.isTerminal ?? false,
    print: (line: string) => void printed.push(line),
    complain: (line: string) => void complaints.push(line),
    write: (text: string) => void printed.push(text),
    readBytes: () => Promise.resolve(Buffer.from(options.stdin ?? '')),
  } as unknown as Host;
  let code: number | null = null;
  const program = createProgram(host, (exitCode) => {
    code = exitCode;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    complaints.push(...(error.findings.length > 0 ? error.findings.map(formatFinding) : [error.message]));
  }
  return { code, printed: printed.join('\n'), complaints: complaints.join('\n') };
}
