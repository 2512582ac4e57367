import { z } from 'zod';
import { configSchema } from '../config.ts';

/** JSON Schema (draft 2020-12) of `headgate.yaml`, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }), title: 'Headgate configuration' };
}
