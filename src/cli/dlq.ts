/** `headgate dlq`: looks at the dead letters of a data directory. Read-only and without the lock, so it works beside a gateway. */
import { join } from 'node:path';
import { asError } from '../errors.ts';
import type { DeadLetter } from '../message.ts';
import { readDeadLetters } from '../spool/dead-letter-reader.ts';
import { nodeFiles } from '../spool/files.ts';

type Print = (line: string) => void;

const REASON_CHARACTERS_MAX = 200;

/** One line per letter: number, time, code, rule or action, topic, reason. Exit code 1 when the directory cannot be read. */
export async function listDeadLetters(dataDir: string, print: Print): Promise<number> {
  return await reading(dataDir, print, async (dir) => {
    let count = 0;
    for await (const { sequence, letter } of readDeadLetters(nodeFiles(), dir)) {
      count++;
      const place = letter.action === '' ? letter.ruleName : letter.action;
      const reason = oneLine(letter.reason).slice(0, REASON_CHARACTERS_MAX);
      print([sequence, timeOf(letter), letter.code, place || '-', oneLine(letter.topic) || '-', reason].join('  '));
    }
    print(count === 1 ? '1 dead letter' : `${count} dead letters`);
    return 0;
  });
}

/** One letter: its fields, then its body. Exit code 1 when there is none of this number. */
export async function showDeadLetter(dataDir: string, sequence: number, print: Print): Promise<number> {
  return await reading(dataDir, print, async (dir) => {
    for await (const stored of readDeadLetters(nodeFiles(), dir)) {
      if (stored.sequence !== sequence) continue;
      const { body, ...meta } = stored.letter;
      print(JSON.stringify({ sequence, ...meta, receivedAt: timeOf(stored.letter) }, null, 2));
      print(bodyText(body));
      return 0;
    }
    print(`There is no dead letter ${sequence} in ${dataDir}.`);
    return 1;
  });
}

async function reading(dataDir: string, print: Print, read: (dir: string) => Promise<number>): Promise<number> {
  try {
    return await read(join(dataDir, 'spool'));
  } catch (thrown) {
    print(`The dead letters of ${dataDir} cannot be read: ${asError(thrown).message}`);
    return 1;
  }
}

/** Text as it is, without what would steer a terminal; anything else in base64. */
function bodyText(body: Uint8Array): string {
  try {
    return printable(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    // Not UTF-8.
    return `base64 ${Buffer.from(body).toString('base64')}`;
  }
}

function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to go.
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}

function oneLine(text: string): string {
  return printable(text).replace(/[\t\n]/g, ' ');
}

function timeOf({ receivedAt }: DeadLetter): string {
  return new Date(receivedAt).toISOString();
}
