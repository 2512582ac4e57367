/**
 * A stop that hangs (a lane in an endless loop, a disk that answers nothing) must not leave a process that neither works nor ends.
 * Leaving it is safe at any moment: what was acknowledged is in the journal.
 */
export async function stopInTime(stop: () => Promise<void>, msMax: number, tooLate: () => void): Promise<void> {
  const timer = setTimeout(tooLate, msMax);
  try {
    await stop();
  } finally {
    clearTimeout(timer);
  }
}
