/**
 * A promise-like that has already settled and says so at once.
 *
 * aedes numbers a message before it asks persistence and drops, per subscriber, whatever comes with a lower number than the last: an
 * answer that comes a microtask later lets another message overtake, and the overtaken one is taken for a duplicate and lost.
 * Persistence therefore answers synchronously.
 */
export interface Settled<T> {
  then(onValue?: (value: T) => unknown, onError?: (error: Error) => unknown): void;
  finally(callback: () => unknown): void;
}

export function settled<T>(value: T): Settled<T> {
  return {
    // biome-ignore lint/suspicious/noThenProperty: being awaited by aedes is what this object is for.
    then(onValue) {
      onValue?.(value);
    },
    finally(callback) {
      callback();
    },
  };
}

export function failed<T>(error: Error): Settled<T> {
  return {
    // biome-ignore lint/suspicious/noThenProperty: being awaited by aedes is what this object is for.
    then(_onValue, onError) {
      onError?.(error);
    },
    finally(callback) {
      callback();
    },
  };
}
