/** The sensors of the demo's factory: one row per kind. The values are plausible, not measured anywhere. */
import type { Random } from './random.ts';
import { drift, rounded, sawtooth, stroke, wave } from './signal.ts';

type Fields = Readonly<Record<string, number | string | boolean | Readonly<Record<string, number>>>>;

interface Sample {
  readonly value: number;
  /** What this kind says beside its value. */
  readonly fields: Fields;
}

export interface SensorKind {
  readonly kind: string;
  readonly unit: string;
  /** How many of them the fleet has. */
  readonly count: number;
  readonly intervalMs: number;
  readonly qos: 0 | 1 | 2;
  readonly alarm: {
    readonly direction: 'above' | 'below';
    readonly limit: number;
    /** How far the value must come back before the alarm ends, so that noise does not raise it again. */
    readonly hysteresis: number;
    readonly severity: 1 | 2 | 3;
    readonly text: string;
  };
  /** How far off a faulty value is. */
  readonly spike: number;
  create(random: Random): (seconds: number) => Sample;
}

const daySeconds = 86_400;

export const sensorKinds: readonly SensorKind[] = [
  {
    kind: 'press',
    unit: 'kN',
    count: 8,
    intervalMs: 40,
    qos: 1,
    alarm: { direction: 'above', limit: 868, hysteresis: 200, severity: 2, text: 'Press force above its limit.' },
    spike: 300,
    create(random) {
      const force = stroke(random, random.between(1.8, 2.4));
      const wear = drift(random, 18, 20);
      const heat = wave(random, 6, 45);
      return (seconds) => {
        const share = force(seconds);
        const peak = 820 + wear(seconds);
        return {
          value: rounded(Math.max(share * peak + random.noise(2), 0), 2),
          fields: { positionMm: rounded(share * 120, 1), dieTemperature: rounded(74 + heat(seconds), 1) },
        };
      };
    },
  },
  {
    kind: 'vibration',
    unit: 'mm/s',
    count: 8,
    intervalMs: 20,
    qos: 0,
    alarm: { direction: 'above', limit: 7.1, hysteresis: 1.5, severity: 1, text: 'Vibration in ISO 10816 zone D.' },
    spike: 6,
    create(random) {
      const imbalance = drift(random, 0.8, 15);
      const beat = wave(random, 0.5, 7);
      return (seconds) => {
        const level = Math.max(3.6 + imbalance(seconds) + beat(seconds), 0.2);
        const x = rounded(Math.abs(level + random.noise(0.35)), 3);
        const y = rounded(Math.abs(level * 0.8 + random.noise(0.3)), 3);
        const z = rounded(Math.abs(level * 0.4 + random.noise(0.2)), 3);
        return {
          value: rounded(Math.hypot(x, y, z), 3),
          fields: { x, y, z, bearingTemperature: rounded(48 + level, 1) },
        };
      };
    },
  },
  {
    kind: 'oven',
    unit: 'C',
    count: 6,
    intervalMs: 100,
    qos: 1,
    alarm: { direction: 'above', limit: 231, hysteresis: 3, severity: 3, text: 'Oven zone too hot.' },
    spike: 60,
    create(random) {
      const heater = wave(random, 4, 18);
      const ambient = drift(random, 3, 30);
      const day = wave(random, 2, daySeconds);
      return (seconds) => {
        const value = rounded(220 + heater(seconds) + ambient(seconds) + day(seconds) + random.noise(0.4), 2);
        return { value, fields: { setpoint: 220, dutyPercent: rounded(55 - heater(seconds) * 5, 1) } };
      };
    },
  },
  {
    kind: 'energy',
    unit: 'kWh',
    count: 6,
    intervalMs: 200,
    qos: 2,
    alarm: { direction: 'above', limit: 1e9, hysteresis: 0, severity: 1, text: 'Meter overflow.' },
    spike: 0,
    create(random) {
      const load = wave(random, 8, 25);
      const day = wave(random, 10, daySeconds);
      let kilowattHours = random.between(10_000, 90_000);
      let last = 0;
      return (seconds) => {
        const phase = Math.max(20 + load(seconds) + day(seconds), 1);
        const power = {
          l1: rounded(phase + random.noise(0.3), 2),
          l2: rounded(phase * 0.97 + random.noise(0.3), 2),
          l3: rounded(phase * 1.02 + random.noise(0.3), 2),
        };
        kilowattHours += ((power.l1 + power.l2 + power.l3) * (seconds - last)) / 3600;
        last = seconds;
        return {
          value: rounded(kilowattHours, 3),
          fields: {
            power,
            volts: rounded(231 + random.noise(1), 1),
            powerFactor: rounded(0.93 + random.noise(0.01), 3),
          },
        };
      };
    },
  },
  {
    kind: 'flow',
    unit: 'l/min',
    count: 5,
    intervalMs: 50,
    qos: 1,
    alarm: { direction: 'below', limit: 34, hysteresis: 4, severity: 2, text: 'Coolant flow too low.' },
    spike: -25,
    create(random) {
      const clog = drift(random, 4, 12);
      const pump = wave(random, 2, 5);
      let litres = 0;
      let last = 0;
      return (seconds) => {
        const value = rounded(Math.max(44 + clog(seconds) + pump(seconds) + random.noise(0.5), 0), 2);
        litres += (value * (seconds - last)) / 60;
        last = seconds;
        return {
          value,
          fields: { totalLitres: rounded(litres, 2), coolantTemperature: rounded(31 + random.noise(0.3), 1) },
        };
      };
    },
  },
  {
    kind: 'tank',
    unit: '%',
    count: 4,
    intervalMs: 200,
    qos: 1,
    alarm: { direction: 'below', limit: 22, hysteresis: 8, severity: 2, text: 'Tank nearly empty.' },
    spike: 40,
    create(random) {
      const level = sawtooth(random, 20, 92, random.between(18, 30));
      return (seconds) => {
        const value = rounded(level(seconds) + random.noise(0.3), 2);
        return { value, fields: { litres: rounded(value * 48, 0), isPumpOn: value < 30 } };
      };
    },
  },
  {
    kind: 'air',
    unit: 'ppm',
    count: 4,
    intervalMs: 500,
    qos: 0,
    alarm: { direction: 'above', limit: 1000, hysteresis: 80, severity: 1, text: 'Air needs exchange: CO2 high.' },
    spike: 900,
    create(random) {
      const people = wave(random, 180, 60);
      const wind = drift(random, 60, 20);
      return (seconds) => ({
        value: rounded(780 + people(seconds) + wind(seconds), 0),
        fields: { celsius: rounded(22 + random.noise(0.2), 1), humidity: rounded(44 + random.noise(0.8), 1) },
      });
    },
  },
  {
    kind: 'conveyor',
    unit: 'pieces',
    count: 5,
    intervalMs: 40,
    qos: 1,
    alarm: { direction: 'above', limit: 1e9, hysteresis: 0, severity: 1, text: 'Counter overflow.' },
    spike: 0,
    create(random) {
      const speed = drift(random, 0.05, 10);
      let pieces = Math.floor(random.between(0, 500_000));
      let share = 0;
      let last = 0;
      return (seconds) => {
        const metresPerSecond = Math.max(0.8 + speed(seconds), 0);
        share += (seconds - last) * metresPerSecond * 4;
        last = seconds;
        pieces += Math.floor(share);
        share %= 1;
        return {
          value: pieces,
          fields: { metresPerSecond: rounded(metresPerSecond, 3), isRejected: random.next() < 0.01 },
        };
      };
    },
  },
  {
    kind: 'safety',
    unit: 'state',
    count: 4,
    intervalMs: 1000,
    qos: 2,
    alarm: { direction: 'above', limit: 1, hysteresis: 0.5, severity: 3, text: 'Emergency stop pressed.' },
    spike: 0,
    create(random) {
      return () => {
        const roll = random.next();
        const state = roll < 0.015 ? 'emergencyStop' : roll < 0.2 ? 'doorOpen' : 'closed';
        return { value: state === 'emergencyStop' ? 2 : state === 'doorOpen' ? 1 : 0, fields: { state } };
      };
    },
  },
];
