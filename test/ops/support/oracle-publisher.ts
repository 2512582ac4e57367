/**
 * Publishes messages with ids of their own as fast as the gateway acknowledges them, and keeps which were acknowledged: a
 * QoS 1 message by its PUBACK, a QoS 2 message already by its PUBREC, for from then on the client does not send it again.
 */
import mqtt, { type MqttClient } from 'mqtt';
import { until } from '../../support/until.ts';

export interface OraclePublisherOptions {
  readonly port: number;
  /** Client id, and the beginning of every message id. */
  readonly name: string;
  readonly qos: 1 | 2;
  readonly topic: string;
  /** Messages published and not yet completed, at most. */
  readonly inFlightMax: number;
}

export class OraclePublisher {
  /** Ids in the order in which they were published; those acknowledged are among them. */
  readonly published: string[] = [];
  readonly acknowledged = new Set<string>();
  /** Packet id and message id, in the order of sending. */
  readonly sent: { readonly packetId: number; readonly id: string }[] = [];
  readonly #client: MqttClient;
  readonly #options: OraclePublisherOptions;
  readonly #idOfPacket = new Map<number, string>();
  #completed = 0;
  #publishMax = 0;

  private constructor(client: MqttClient, options: OraclePublisherOptions) {
    this.#client = client;
    this.#options = options;
    // A gateway that is killed resets its connections; that is what the tests are about.
    client.on('error', () => {});
    client.on('packetsend', (packet) => {
      if (packet.cmd !== 'publish' || packet.messageId === undefined) return;
      const { id } = JSON.parse(packet.payload.toString()) as { id: string };
      this.#idOfPacket.set(packet.messageId, id);
      this.sent.push({ packetId: packet.messageId, id });
    });
    client.on('packetreceive', (packet) => {
      if (packet.cmd !== (options.qos === 1 ? 'puback' : 'pubrec')) return;
      const id = this.#idOfPacket.get(packet.messageId ?? -1);
      if (id !== undefined) this.acknowledged.add(id);
    });
  }

  static async connect(options: OraclePublisherOptions): Promise<OraclePublisher> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${options.port}`, {
      clientId: options.name,
      reconnectPeriod: 0,
      clean: true,
    });
    return new OraclePublisher(client, options);
  }

  /** The port of this side of the connection: tells its socket from others in a trace. */
  get localPort(): number {
    return (this.#client.stream as unknown as { localPort: number }).localPort;
  }

  /** Publishes until `count` messages are out in all, or the connection is gone. Returns at once. */
  publish(count = Number.MAX_SAFE_INTEGER): void {
    this.#publishMax = count;
    this.#fill();
  }

  /** Resolves when every message published is completed. */
  async completed(): Promise<void> {
    await until(
      `${this.#options.name} to have all messages acknowledged`,
      () => this.#completed === this.#publishMax,
      30_000,
    );
  }

  async close(): Promise<void> {
    this.#publishMax = 0;
    await this.#client.endAsync(true);
  }

  #fill(): void {
    while (
      this.published.length < this.#publishMax &&
      this.published.length - this.#completed < this.#options.inFlightMax
    ) {
      if (!this.#client.connected) return;
      const id = `${this.#options.name}-${String(this.published.length).padStart(7, '0')}`;
      this.published.push(id);
      this.#client.publish(this.#options.topic, JSON.stringify({ id }), { qos: this.#options.qos }, (error) => {
        if (error) return;
        this.#completed++;
        this.#fill();
      });
    }
  }
}
