/**
 * The fleet at work: every sensor is an MQTT client of its own on a real socket, and the fleet remembers what was acknowledged,
 * so that the end of the demo can be checked against the files.
 */
import { connectAsync, type MqttClient } from 'mqtt';
import type { Reading, Sensor } from './sensor.ts';

/** Past this many unacknowledged messages a sensor waits; it does not drop. */
const inFlightPerSensorMax = 200;
/** A sensor that had to wait catches up at this pace, not all at once. */
const ticksPerRoundMax = 20;
const roundMs = 20;

export interface FleetOptions {
  readonly host: string;
  readonly port: number;
  readonly sensors: readonly Sensor[];
  /** Monotonic clock, ms. */
  readonly clock: () => number;
}

/** One published message that was acknowledged (QoS 1: PUBACK, QoS 2: PUBCOMP). */
export interface Acknowledged {
  readonly sensor: string;
  readonly seq: number;
  readonly isPoison: boolean;
}

export interface FleetCounts {
  /** Handed to the MQTT client, by QoS. */
  readonly published: readonly [number, number, number];
  readonly payloadBytes: number;
  readonly alarms: number;
  readonly poison: number;
  readonly inFlight: number;
  readonly failed: number;
}

interface Member {
  readonly sensor: Sensor;
  readonly client: MqttClient;
  nextTick: number;
  inFlight: number;
}

export class Fleet {
  readonly #members: readonly Member[];
  readonly #clock: () => number;
  readonly #acknowledged: Acknowledged[] = [];
  readonly #published: [number, number, number] = [0, 0, 0];
  #payloadBytes = 0;
  #alarms = 0;
  #poison = 0;
  #failed = 0;
  #timer: NodeJS.Timeout | null = null;
  #startedAtMs = 0;

  private constructor(members: readonly Member[], clock: () => number) {
    this.#members = members;
    this.#clock = clock;
  }

  /** Connects all sensors; rejects if one cannot. */
  static async connect(options: FleetOptions): Promise<Fleet> {
    const members = await Promise.all(
      options.sensors.map(async (sensor): Promise<Member> => {
        const client = await connectAsync({
          protocol: 'mqtt',
          host: options.host,
          port: options.port,
          clientId: sensor.id,
          protocolVersion: 4,
          clean: true,
        });
        return { sensor, client, nextTick: 0, inFlight: 0 };
      }),
    );
    return new Fleet(members, options.clock);
  }

  start(): void {
    this.#startedAtMs = this.#clock();
    this.#timer = setInterval(() => this.#round(), roundMs);
  }

  get size(): number {
    return this.#members.length;
  }

  get acknowledged(): readonly Acknowledged[] {
    return this.#acknowledged;
  }

  counts(): FleetCounts {
    return {
      published: [...this.#published],
      payloadBytes: this.#payloadBytes,
      alarms: this.#alarms,
      poison: this.#poison,
      inFlight: this.#inFlight(),
      failed: this.#failed,
    };
  }

  /** Publishes no more, waits for what is in flight (at most `deadlineMs`), disconnects. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    const deadline = this.#clock() + deadlineMs;
    while (this.#inFlight() > 0 && this.#clock() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, roundMs));
    }
    const isForced = this.#inFlight() > 0;
    await Promise.all(this.#members.map(({ client }) => client.endAsync(isForced)));
  }

  #inFlight(): number {
    return this.#members.reduce((sum, member) => sum + member.inFlight, 0);
  }

  #round(): void {
    const elapsedMs = this.#clock() - this.#startedAtMs;
    for (const member of this.#members) {
      const due = Math.floor(elapsedMs / member.sensor.kind.intervalMs);
      const last = Math.min(due, member.nextTick + ticksPerRoundMax - 1);
      while (member.nextTick <= last && member.inFlight < inFlightPerSensorMax) {
        for (const reading of member.sensor.read(member.nextTick)) this.#publish(member, reading);
        member.nextTick++;
      }
    }
  }

  #publish(member: Member, reading: Reading): void {
    this.#published[reading.qos]++;
    this.#payloadBytes += Buffer.byteLength(reading.payload);
    if (reading.kind === 'alarm') this.#alarms++;
    if (reading.isPoison) this.#poison++;
    member.inFlight++;
    member.client.publish(reading.topic, reading.payload, { qos: reading.qos }, (error) => {
      member.inFlight--;
      if (error) this.#failed++;
      else if (reading.qos > 0) {
        this.#acknowledged.push({ sensor: member.sensor.id, seq: reading.seq, isPoison: reading.isPoison });
      }
    });
  }
}
