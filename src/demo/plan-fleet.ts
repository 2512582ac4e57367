/** The fleet as a list: which sensors there are, before any of them connects. */
import { createRandom } from './random.ts';
import { createSensor, type Sensor } from './sensor.ts';
import { sensorKinds } from './sensor-kinds.ts';

const lineCount = 4;

/** 50 sensors on 4 lines. The same seed and start time (epoch ms) give the same bytes. */
export function planFleet(seed: number, startedAt: number): readonly Sensor[] {
  const random = createRandom(seed);
  return sensorKinds.flatMap((kind) =>
    Array.from({ length: kind.count }, (_, index) => {
      const id = `${kind.kind}-${String(index + 1).padStart(2, '0')}`;
      return createSensor(kind, id, `line-${(index % lineCount) + 1}`, random.fork(), startedAt);
    }),
  );
}
