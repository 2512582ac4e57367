/** The sink as a process of its own: prints its port, ends with its parent. */
import { serveSink } from './sink.ts';

const { port } = await serveSink();
process.stdout.write(`${port}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
