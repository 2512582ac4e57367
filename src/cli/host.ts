/** What commands need of the process, so that only `main.ts` touches it. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly isTerminal: boolean;
  /** For its id, CPU time and memory. */
  readonly process: NodeJS.Process;
  /** One line to standard output. */
  print(line: string): void;
  /** One line to standard error. */
  complain(line: string): void;
  /** Raw text to standard output. */
  write(text: string): void;
  /** Bytes to standard output; resolves when they were taken. */
  writeBytes(bytes: Uint8Array): Promise<void>;
  /** All of standard input, or the answer to `prompt` on a terminal, without its line end. */
  readLine(prompt: string): Promise<string>;
  /** Standard input to its end, or until at least `bytesMax` bytes of it are there. */
  readBytes(bytesMax: number): Promise<Uint8Array>;
  /** Calls back at each SIGTERM and SIGINT, with how many there have been. */
  onStopSignal(callback: (count: number) => void): void;
  /** Calls back at each SIGHUP. */
  onReloadSignal(callback: () => void): void;
  /** Leaves at once. */
  exit(code: number): never;
}
