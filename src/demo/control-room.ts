/** A local subscriber: it sees what the rules republish, as a panel in the factory would. */
import { connectAsync, type MqttClient } from 'mqtt';

/** Longest text kept for the screen. */
const textLengthMax = 60;

export class ControlRoom {
  readonly #client: MqttClient;
  #count = 0;
  #last = '';

  private constructor(client: MqttClient) {
    this.#client = client;
  }

  static async connect(host: string, port: number, filter: string): Promise<ControlRoom> {
    const client = await connectAsync({ protocol: 'mqtt', host, port, clientId: 'control-room', protocolVersion: 4 });
    const room = new ControlRoom(client);
    client.on('message', (topic, payload) => room.#receive(topic, payload));
    await client.subscribeAsync(filter, { qos: 1 });
    return room;
  }

  get count(): number {
    return this.#count;
  }

  /** The latest alarm in words; '' before the first. */
  get last(): string {
    return this.#last;
  }

  async close(): Promise<void> {
    await this.#client.endAsync();
  }

  #receive(topic: string, payload: Buffer): void {
    this.#count++;
    this.#last = `${topic}: ${describe(payload)}`.slice(0, textLengthMax);
  }
}

function describe(payload: Buffer): string {
  try {
    const alarm: unknown = JSON.parse(payload.toString());
    if (typeof alarm === 'object' && alarm !== null && 'text' in alarm) return String(alarm.text);
  } catch {
    // Whatever a rule republishes may be shown; text that is not JSON is shown as it is.
  }
  return payload.toString();
}
