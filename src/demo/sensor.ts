/** One simulated sensor: readings at a fixed pace, with faults, and alarm messages when a limit is crossed. */
import { createFaults } from './fault.ts';
import type { Random } from './random.ts';
import type { SensorKind } from './sensor-kinds.ts';

/** One message to publish. `seq` counts the messages of its sensor, so that a lost one would be a gap. */
export interface Reading {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly payload: string;
  readonly seq: number;
  readonly kind: 'reading' | 'alarm';
  /** The value is no number on purpose: it fits no schema, so it must end in the dead letters. */
  readonly isPoison: boolean;
}

export interface Sensor {
  readonly id: string;
  readonly kind: SensorKind;
  /** What to publish for the reading number `tick` (0, 1, …): usually one message, none while silent, two around an alarm. */
  read(tick: number): readonly Reading[];
}

/** `startedAt` (epoch ms) is the time of tick 0; readings carry their nominal time, so a seed fixes every byte. */
export function createSensor(kind: SensorKind, id: string, line: string, random: Random, startedAt: number): Sensor {
  const sample = kind.create(random);
  const faults = createFaults(random.fork(), { meanSecondsBetween: 30, spike: kind.spike });
  const crossing = createCrossing(kind);
  let seq = 0;
  return {
    id,
    kind,
    read(tick) {
      const seconds = (tick * kind.intervalMs) / 1000;
      const { value, fields } = sample(seconds);
      const faulty = faults(seconds, value);
      if (faulty === null) return [];
      const ts = startedAt + tick * kind.intervalMs;
      const shown = faulty.value;
      const readings: Reading[] = [
        {
          topic: `plant/${line}/${kind.kind}/${id}`,
          qos: kind.qos,
          payload: JSON.stringify({ sensor: id, kind: kind.kind, seq, ts, value: shown, unit: kind.unit, ...fields }),
          seq: seq++,
          kind: 'reading',
          isPoison: typeof shown === 'string',
        },
      ];
      const state = typeof shown === 'number' ? crossing(shown) : null;
      if (state !== null) {
        const { limit, severity, text } = kind.alarm;
        const alarm = { sensor: id, kind: kind.kind, seq, ts, state, value: shown, limit, severity, text };
        const qos = severity === 3 ? 2 : 1;
        const payload = JSON.stringify(alarm);
        readings.push({ topic: `alarms/${line}/${id}`, qos, payload, seq: seq++, kind: 'alarm', isPoison: false });
      }
      return readings;
    },
  };
}

/** Says when an alarm begins and when it ends, with hysteresis; null while nothing changes. */
function createCrossing(kind: SensorKind): (value: number) => 'raised' | 'cleared' | null {
  const { direction, limit, hysteresis } = kind.alarm;
  const sign = direction === 'above' ? 1 : -1;
  let isRaised = false;
  return (value) => {
    const excess = (value - limit) * sign;
    if (!isRaised && excess > 0) {
      isRaised = true;
      return 'raised';
    }
    if (isRaised && excess < -hysteresis) {
      isRaised = false;
      return 'cleared';
    }
    return null;
  };
}
