/** The broker's side door to the journal: `Intake` of ports.ts over the router, the books and the spool. */
import { crc32 } from 'node:zlib';
import type { Books } from './books.ts';
import type { Events } from './events.ts';
import type { Intake } from './ports.ts';
import type { Router } from './router.ts';
import { RuleNotFound } from './rule-not-found.ts';
import type { Spool } from './spool/api.ts';

export interface IntakeOptions {
  readonly spool: Pick<Spool, 'journal' | 'isFull' | 'whenRelieved'>;
  readonly router: Router;
  readonly books: Books;
  readonly events: Pick<Events, 'ruleNotFound'>;
  readonly laneCount: number;
  /** Epoch ms. */
  readonly clock: () => number;
}

export function createIntake({ spool, router, books, events, laneCount, clock }: IntakeOptions): Intake {
  const journals = { normal: spool.journal('normal'), alarm: spool.journal('alarm') };
  const ruleNotFound = new RuleNotFound(events, clock);
  return {
    route(topic) {
      const route = router.route(topic);
      if (route === null) ruleNotFound.unmatched(topic);
      return route;
    },
    // A client always has the same lane, so its messages keep their order and stateful functions their state.
    laneOf: (clientId) => crc32(clientId) % laneCount,
    append(route, lane, sender, hops, packet, start, end, waiter) {
      books.journaled();
      journals[route.class].append(lane, sender, hops, clock(), packet, start, end, waiter);
    },
    isFull: (lane) => spool.isFull(lane),
    whenRelieved: (callback, lane) => spool.whenRelieved(callback, lane),
    received: (qos, payloadBytes, isMatched) => books.received(qos, payloadBytes, isMatched),
    dropped: (reason) => books.dropped(reason),
  };
}
