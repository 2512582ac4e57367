/** Every bound of the broker, by name and unit. Tests pass smaller ones; operators see those that a listener repeats. */

export interface BrokerLimits {
  /** Open sockets on all listeners together. */
  readonly connectionsMax: number;
  /** Open sockets from one address: one broken device cannot take all of `connectionsMax`. */
  readonly connectionsPerAddressMax: number;
  /** A CONNECT larger than this is cut: nobody is authenticated yet, so nothing of theirs is buffered. */
  readonly connectBytesMax: number;
  /** From accept to the whole CONNECT. Stops slow and silent sockets. */
  readonly connectTimeMsMax: number;
  /** From CONNECT to CONNACK, whatever authentication does. */
  readonly authenticateTimeMsMax: number;
  /** As AWS IoT Core: "Client ID size", https://docs.aws.amazon.com/general/latest/gr/iot-core.html */
  readonly clientIdBytesMax: number;
  /** Filters in one SUBSCRIBE or UNSUBSCRIBE. Storing them is work done at once. */
  readonly filtersPerPacketMax: number;
  /** Filters that one client holds. */
  readonly subscriptionsPerClientMax: number;
  /** Topic and filter levels; the matching below recurses once per level. */
  readonly topicLevelsMax: number;
  /** Topics whose authorization and subscribers one connection remembers. */
  readonly topicsCachedMax: number;
  /** Unanswered QoS 1 publishes of one connection, before its socket is no longer read. */
  readonly acksPendingMax: number;
  /** Bytes that one connection may have waiting for aedes, before its socket is no longer read. */
  readonly forwardBytesMax: number;
  /** Bytes that wait for a subscriber's socket: QoS 0 is dropped above, QoS 1 and 2 cut the connection. */
  readonly subscriberBytesMax: number;
  /** A subscriber that takes nothing for so long is cut. */
  readonly subscriberStallMsMax: number;
  /** Open inbound QoS 2 handshakes of one client. */
  readonly qos2OpenMax: number;
  readonly retainedMessagesMax: number;
  readonly retainedBytesMax: number;
  /** Messages and bytes kept for one persistent session; the oldest are dropped. */
  readonly sessionQueueMessagesMax: number;
  readonly sessionQueueBytesMax: number;
  /** Persistent sessions. */
  readonly sessionsMax: number;
}

export const DEFAULT_LIMITS: BrokerLimits = {
  connectionsMax: 20_000,
  connectionsPerAddressMax: 10_500,
  connectBytesMax: 8 * 1024,
  connectTimeMsMax: 5_000,
  authenticateTimeMsMax: 10_000,
  clientIdBytesMax: 128,
  filtersPerPacketMax: 100,
  subscriptionsPerClientMax: 1_000,
  topicLevelsMax: 100,
  topicsCachedMax: 256,
  acksPendingMax: 65_535,
  forwardBytesMax: 64 * 1024,
  subscriberBytesMax: 1024 * 1024,
  subscriberStallMsMax: 10_000,
  qos2OpenMax: 1_000,
  retainedMessagesMax: 100_000,
  retainedBytesMax: 64 * 1024 * 1024,
  sessionQueueMessagesMax: 10_000,
  sessionQueueBytesMax: 16 * 1024 * 1024,
  sessionsMax: 10_000,
};

/** A listener's `maxPacketBytes` lies between these. MQTT itself ends at 268,435,455 bytes of remaining length. */
export const PACKET_BYTES_MIN = 1024;
export const PACKET_BYTES_DEFAULT = 262_144;
export const PACKET_BYTES_MAX = 16 * 1024 * 1024;
