/** Whether a connector works, told when that changes and not for every call. */
import type { Events } from '../events.ts';
import type { ExternalFunctionName } from '../external-call.ts';

/** Without a failure for so long it has recovered; where every second call fails, this keeps the log quiet. */
const QUIET_MS = 10_000;

export class Health {
  readonly #function: ExternalFunctionName;
  readonly #events: Pick<Events, 'connectorFailing' | 'connectorRecovered'>;
  readonly #now: () => number;
  /** Epoch ms of the last failure; null while it works. */
  #failedAt: number | null = null;

  constructor(
    name: ExternalFunctionName,
    events: Pick<Events, 'connectorFailing' | 'connectorRecovered'>,
    now: () => number,
  ) {
    this.#function = name;
    this.#events = events;
    this.#now = now;
  }

  worked(): void {
    if (this.#failedAt === null || this.#now() - this.#failedAt < QUIET_MS) return;
    this.#failedAt = null;
    this.#events.connectorRecovered(this.#function);
  }

  failed(reason: string): void {
    if (this.#failedAt === null) this.#events.connectorFailing(this.#function, reason);
    this.#failedAt = this.#now();
  }
}
