import { fileURLToPath } from 'node:url';
import type { BenchCase } from '../case.ts';
import { loadServer } from '../measure/broker-run.ts';
import { startModule } from '../measure/server.ts';

export const aedes: BenchCase = {
  name: 'aedes',
  question: 'What does the bare aedes broker do at QoS 1, with nothing subscribed and nothing kept?',
  async run(context) {
    const server = await startModule(fileURLToPath(new URL('../servers/aedes-process.js', import.meta.url)));
    try {
      return (await loadServer(server, 1, context)).measurement;
    } finally {
      await server.stop();
    }
  },
};
