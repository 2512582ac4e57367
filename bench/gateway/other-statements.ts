/**
 * What else a lane runs. An engine that has seen one statement only is faster than any gateway's: V8 inlines all of it for that
 * statement. Cases that are held against a bar evaluate these first.
 */
import { compileStatement } from '../../src/rules/sql/statement.ts';
import { payloadTexts } from '../load/documents.ts';
import { readingsTexts } from '../load/readings.ts';
import { messageOf, SQL_VERSION } from './message.ts';

const MESSAGES = 500;
const ROUNDS = 20;

const statements: readonly string[] = [
  "SELECT * FROM 'a'",
  "SELECT *, topic(2) AS line, timestamp() AS at FROM 'a' WHERE rpm < 5000 OR temperature >= 30",
  "SELECT seq, device, ts, pressure * 100 AS pascal, round(vibration) AS v FROM 'a' WHERE state <> 'stopped' AND pressure > 200",
  "SELECT device AS meta.device, lot AS meta.lot, upper(state) AS state FROM 'a' WHERE NOT door",
  "SELECT concat(device, '/', lot) AS key, CASE state WHEN 'running' THEN 1 ELSE 0 END AS runs FROM 'a' WHERE state IN ['running', 'warming']",
  "SELECT VALUE {'d': device, 'values': [temperature, current]} FROM 'a' WHERE current = 20 OR rpm > 1000",
  "SELECT id, readings[0].v AS first FROM 'a' WHERE EXISTS (SELECT 1 FROM readings WHERE v > 90)",
  "SELECT (SELECT * FROM readings WHERE c < 5) AS low, (SELECT VALUE v FROM readings AS r WHERE r.v > 50) AS high FROM 'a'",
];

/** Evaluates all of them on messages of two kinds, often enough to be optimized. */
export function runOtherStatements(): void {
  const compiled = statements.map((sql) => compileStatement(sql, { version: SQL_VERSION }));
  const messages = [...payloadTexts(MESSAGES), ...readingsTexts(MESSAGES)].map(messageOf);
  for (let round = 0; round < ROUNDS; round++)
    for (const statement of compiled) for (const message of messages) statement.evaluate(message);
}
