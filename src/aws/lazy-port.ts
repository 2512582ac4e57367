/**
 * A sink's side of the SDK, loaded only where an action needs it: the SDK's clients cost 0.3 s of CPU and 30 MB, and a gateway
 * without AWS actions, `headgate check` and the lanes have no use for them.
 *
 * Loading begins with the sink, so that a package that is not there is found at start; the client is made at its first use. What
 * failed is tried again at the next use: a process that ran out of file handles for a moment must not lose a destination for good.
 */
export interface LazyPort<P> {
  /** Rejects when the module cannot be loaded or the client cannot be made. */
  get(): Promise<P>;
  /** Closes the port if it was ever made. */
  close(): Promise<void>;
}

export function lazyPort<M, P extends { close(): void }>(load: () => Promise<M>, open: (module: M) => P): LazyPort<P> {
  let port: Promise<P> | null = null;
  // Whoever uses the port is told.
  load().catch(() => undefined);
  return {
    get() {
      if (port === null) {
        const opened = load().then(open);
        port = opened;
        opened.catch(() => {
          port = null;
        });
      }
      return port;
    },
    async close() {
      const opened = await port?.catch(() => null);
      opened?.close();
    },
  };
}
