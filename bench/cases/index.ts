/** All cases, in the order they run and are reported. */
import type { BenchCase } from '../case.ts';
import { aedes } from './aedes.ts';
import { avroEncode } from './avro.ts';
import { broker } from './broker.ts';
import { floor } from './floor.ts';
import { generator } from './generator.ts';
import { journal } from './journal.ts';
import { lane } from './lane.ts';
import { mosquitto } from './mosquitto.ts';
import { pathQos0File } from './path-qos0-file.ts';
import { pathQos1Blackhole } from './path-qos1-blackhole.ts';
import { pathQos1File } from './path-qos1-file.ts';
import { sql } from './sql.ts';
import { sqlNested } from './sql-nested.ts';
import { sqlProjection } from './sql-projection.ts';
import { sqlRules } from './sql-rules.ts';

export const cases: readonly BenchCase[] = [
  floor,
  sql,
  sqlProjection,
  sqlNested,
  sqlRules,
  avroEncode,
  journal,
  lane,
  generator,
  aedes,
  broker,
  pathQos0File,
  pathQos1Blackhole,
  // Side by side, as their ratio is the bar.
  mosquitto,
  pathQos1File,
];
