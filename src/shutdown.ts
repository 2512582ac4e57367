/**
 * The order in which a gateway stops: nothing new in, what was read is acknowledged, what was acknowledged is delivered as far as
 * the deadline allows. The rest stays in the spool and is delivered after the next start.
 */
import type { Admin } from './admin.ts';
import type { Broker } from './broker/broker.ts';
import type { Evaluation } from './evaluation.ts';
import type { Spool } from './spool/api.ts';

const POLL_MS = 10;
/** Shares of the deadline: to answer clients, to evaluate what was journaled; delivery gets what is left. */
const SHARE_ANSWER = 0.2;
const SHARE_EVALUATE = 0.3;
/** Kept back from delivery for closing files and sockets. */
const CLOSE_MS = 300;

export interface GatewayParts {
  readonly broker: Broker;
  readonly spool: Spool;
  readonly evaluation: Pick<Evaluation, 'lanes' | 'deliveries' | 'external' | 'closeServices' | 'closeDeliveries'>;
  /** null when the start did not get that far. */
  readonly admin: Admin | null;
}

export async function shutDown(parts: GatewayParts, deadlineMs: number, clock: () => number): Promise<void> {
  const { broker, spool, evaluation, admin } = parts;
  const { lanes, deliveries, external } = evaluation;
  const endAt = clock() + deadlineMs;
  try {
    await broker.stopAccepting();
    await broker.drain(deadlineMs * SHARE_ANSWER);
    await evaluated(spool, external, deadlineMs * SHARE_EVALUATE, clock);
    await Promise.all([spool.stopFeeds(), evaluation.closeServices()]);
    // The broker is still there: a republish has to reach its local subscribers.
    const leftMs = Math.max(CLOSE_MS, endAt - clock() - CLOSE_MS);
    await Promise.all(deliveries.all().map((delivery) => delivery.flush(leftMs)));
    // What error actions were told meanwhile.
    const lastMs = Math.max(CLOSE_MS, endAt - clock() - CLOSE_MS);
    await Promise.all(deliveries.all().map((delivery) => delivery.flush(lastMs)));
    await evaluation.closeDeliveries(Math.max(0, endAt - clock() - CLOSE_MS));
    await broker.close();
    await lanes.close();
  } finally {
    // Whatever failed: what was settled becomes durable, and the next start finds no lock.
    await spool.close();
  }
  await admin?.close();
}

/** Resolves when lanes have answered everything that was journaled, or the time is up. */
async function evaluated(
  spool: Spool,
  external: GatewayParts['evaluation']['external'],
  deadlineMs: number,
  clock: () => number,
): Promise<void> {
  const endAt = clock() + deadlineMs;
  while (clock() < endAt) {
    const { pendingBytes, laneBacklogBytes, isLive } = spool.stats();
    if (isLive && pendingBytes === 0 && laneBacklogBytes.every((bytes) => bytes === 0) && external.isIdle) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
