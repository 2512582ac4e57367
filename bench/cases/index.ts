/** All cases, in the order they run and are reported. */
import type { BenchCase } from '../case.ts';
import { aedes } from './aedes.ts';
import { generator } from './generator.ts';
import { mosquitto } from './mosquitto.ts';

export const cases: readonly BenchCase[] = [generator, mosquitto, aedes];
