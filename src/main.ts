#!/usr/bin/env node
/** argv in, exit code out. The only file that touches `process`. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { CommanderError } from 'commander';
import type { Host } from './cli/host.ts';
import { createProgram } from './cli/program.ts';
import { CodedError, formatFinding } from './errors.ts';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

// A reader that has seen enough (`headgate dlq list | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const host: Host = {
  env: process.env,
  version: manifest.version,
  isTerminal: process.stdout.isTTY === true,
  process,
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  write: (text) => process.stdout.write(text),
  writeBytes: (bytes) =>
    new Promise((resolve, reject) => {
      process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
    }),
  readLine: async (prompt) => {
    const lines = createInterface({
      input: process.stdin,
      output: process.stderr,
      terminal: process.stdin.isTTY === true,
    });
    try {
      return await lines.question(prompt);
    } finally {
      lines.close();
    }
  },
  readBytes: async (bytesMax) => {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of process.stdin) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length >= bytesMax) break;
    }
    return Buffer.concat(chunks);
  },
  onStopSignal: (callback) => {
    let count = 0;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => callback(++count));
  },
  onReloadSignal: (callback) => void process.on('SIGHUP', callback),
  exit: (code) => process.exit(code),
};

try {
  await createProgram(host, (code) => {
    process.exitCode = code;
  }).parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof CodedError) {
    for (const finding of error.findings) host.complain(formatFinding(finding));
    if (error.findings.length === 0) host.complain(`${error.message} [${error.code}]`);
    process.exitCode = 1;
  } else throw error;
}
