import { fileURLToPath } from 'node:url';
import type { BenchCase } from '../case.ts';
import { loadServer } from '../measure/broker-run.ts';
import { startModule } from '../measure/server.ts';

export const generator: BenchCase = {
  name: 'generator',
  question:
    'What can the load generator do against a process that only acknowledges? It must not bound the other cases.',
  async run(context) {
    const server = await startModule(fileURLToPath(new URL('../servers/sink-process.js', import.meta.url)));
    try {
      return (await loadServer(server, 1, context)).measurement;
    } finally {
      await server.stop();
    }
  },
};
