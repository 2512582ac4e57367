/**
 * The Avro schemas of a gateway: those that the configuration names, and those inferred for actions without one. They belong to the
 * main thread; an inferred schema is durable before any lane encodes with it.
 */

import { containerHeader, syncMarker, writeBlock } from './codec/avro/container.ts';
import type { FrozenSchemas } from './codec/avro/frozen-schemas.ts';
import { type AvroSchema, loadSchema } from './codec/avro/schema.ts';
import { Output } from './codec/output.ts';
import { invariant } from './errors.ts';
import type { Events } from './events.ts';
import type { LaneSchema, SlabResult } from './lane-protocol.ts';
import type { ActionPlan, Codec } from './message.ts';

/** Two longs and the sync marker. */
const BLOCK_FRAME_BYTES = 36;

export class SchemaCatalog {
  readonly #frozen: FrozenSchemas;
  readonly #events: Events;
  #plans: readonly ActionPlan[] = [];
  #schemas: LaneSchema[] = [];
  /** Of every rule set so far: what one of them encoded may still be waiting for its header. */
  readonly #byId = new Map<string, AvroSchema>();

  constructor(options: { readonly frozen: FrozenSchemas; readonly events: Events }) {
    this.#frozen = options.frozen;
    this.#events = options.events;
  }

  /** Takes the schemas and plans of a rule set; those of the one before are no longer listed. */
  use(configured: readonly LaneSchema[], plans: readonly ActionPlan[]): void {
    this.#schemas = [...configured];
    for (const schema of this.#schemas) this.#remember(schema);
    this.#plans = plans.map((plan) => {
      const frozen = plan.form === 'container' && plan.schema === null ? this.#frozen.get(plan.id) : null;
      return frozen === null ? plan : this.#name(plan, frozen);
    });
  }

  /** The actions' plans, with inferred schemas named once they are frozen. */
  get plans(): readonly ActionPlan[] {
    return this.#plans;
  }

  get schemas(): readonly LaneSchema[] {
    return this.#schemas;
  }

  /** Durable when it resolves; an action that already has a schema keeps it. */
  async freeze(inferred: SlabResult['inferred']): Promise<void> {
    for (const { action, text } of inferred) {
      const plan = this.#plans[action];
      invariant(plan !== undefined, `a lane inferred a schema for action ${action}, which does not exist`);
      if (plan.schema !== null) continue;
      const schema = await this.#frozen.freeze(plan.id, text);
      this.#events.schemaFrozen(plan.id, schema.name);
      this.#plans = this.#plans.map((other) => (other.id === plan.id ? this.#name(other, schema) : other));
    }
  }

  /** The start of a container file whose blocks have this schema. */
  header(schemaId: string, codec: Codec): Uint8Array {
    const schema = this.#byId.get(schemaId);
    invariant(schema !== undefined, `no schema has the id ${schemaId}`);
    return containerHeader(schema, codec);
  }

  /** One block of such a file, of `count` records that lanes encoded with this schema, end to end. */
  block(schemaId: string, codec: Codec, count: number, records: Uint8Array): Uint8Array {
    const output = new Output(Math.ceil(records.length / 2) + BLOCK_FRAME_BYTES);
    writeBlock(output, count, records, codec, syncMarker(schemaId, codec));
    return output.written();
  }

  #name(plan: ActionPlan, schema: LaneSchema): ActionPlan {
    if (!this.#schemas.some((known) => known.name === schema.name)) {
      this.#schemas.push(schema);
      this.#remember(schema);
    }
    return { ...plan, schema: schema.name };
  }

  #remember(schema: LaneSchema): void {
    const parsed = loadSchema(schema.text, schema.name);
    this.#byId.set(parsed.id, parsed);
  }
}
