/** Reads a gateway's own figures from its admin listener. */
import { setTimeout as delay } from 'node:timers/promises';

const READY_POLL_MS = 50;
/** With 1,000 rules a scrape is tens of thousands of lines: seldom, and never while something is measured. */
const SCRAPE_POLL_MS = 500;
const SCRAPE_SECONDS_MAX = 10;

export interface GatewayFigures {
  readonly received: number;
  /** Received, and not yet evaluated by a lane. */
  readonly notEvaluated: number;
  /** Emitted, and not yet settled; over all actions. */
  readonly undelivered: number;
  /** Over all actions. */
  readonly delivered: number;
}

export async function readFigures(adminPort: number): Promise<GatewayFigures> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/metrics`, {
    signal: AbortSignal.timeout(SCRAPE_SECONDS_MAX * 1000),
  });
  const text = await response.text();
  return {
    received: sumOf(text, 'headgate_messages_received_total'),
    notEvaluated: sumOf(text, 'headgate_messages_in_flight'),
    undelivered: sumOf(text, 'headgate_action_in_flight'),
    delivered: sumOf(text, 'headgate_action_delivered_total'),
  };
}

/** Resolves with the figures once all that was received has been evaluated and delivered. */
export async function delivered(adminPort: number, secondsMax: number): Promise<GatewayFigures> {
  const untilMs = performance.now() + secondsMax * 1000;
  for (;;) {
    const figures = await readFigures(adminPort);
    const left = figures.notEvaluated + figures.undelivered;
    if (left === 0) return figures;
    if (performance.now() > untilMs) throw new Error(`${left} messages were still in flight after ${secondsMax} s.`);
    await delay(SCRAPE_POLL_MS);
  }
}

/** Resolves once /readyz answers 200. */
export async function ready(adminPort: number, secondsMax: number): Promise<void> {
  const untilMs = performance.now() + secondsMax * 1000;
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => null);
    if (response?.ok === true) return;
    if (performance.now() > untilMs) throw new Error(`The gateway was not ready within ${secondsMax} s.`);
    await delay(READY_POLL_MS);
  }
}

/** A metric summed over its labels, from Prometheus' text format; 0 when it is not there. */
export function sumOf(text: string, name: string): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    if (!line.startsWith(name) || (line[name.length] !== ' ' && line[name.length] !== '{')) continue;
    sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}
