/** THE list of sinks, in the order the documentation prints them. */
import { z } from 'zod';
import { fileDefinition } from './file.ts';
import { firehoseDefinition } from './firehose.ts';
import { iotCoreDefinition } from './iot-core.ts';
import { republishDefinition } from './republish.ts';
import { s3Definition } from './s3.ts';
import type { AnySinkDefinition } from './sink.ts';
import { snsDefinition } from './sns.ts';
import { stdoutDefinition } from './stdout.ts';

export const sinkDefinitions: readonly AnySinkDefinition[] = [
  firehoseDefinition,
  s3Definition,
  iotCoreDefinition,
  snsDefinition,
  republishDefinition,
  fileDefinition,
  stdoutDefinition,
];

/** One action of a rule: exactly one action key, and beside it, optionally, `delivery`. */
export function createActionSchema() {
  const shape: Record<string, z.ZodType> = {};
  for (const { type, action, summary } of sinkDefinitions) shape[type] = action.optional().describe(summary);
  const anyOf = sinkDefinitions.map(({ type, delivery }) => {
    const { $schema: _dialect, ...schema } = z.toJSONSchema(delivery, { io: 'input' });
    return { title: `delivery of ${type}`, ...schema };
  });
  return z
    .strictObject({ ...shape, delivery: z.unknown().optional().meta({ anyOf }) })
    .superRefine((value: Readonly<Record<string, unknown>>, context) => {
      const given = sinkDefinitions.filter(({ type }) => value[type] !== undefined);
      const [definition] = given;
      if (definition === undefined || given.length > 1) {
        const known = sinkDefinitions.map(({ type }) => type).join(', ');
        context.addIssue({
          code: 'custom',
          message: `An action has exactly one key out of ${known}, and optionally delivery.`,
        });
        return;
      }
      const wishes = definition.delivery.safeParse(value['delivery'] ?? {});
      for (const issue of wishes.error?.issues ?? []) {
        context.addIssue({ ...issue, path: ['delivery', ...issue.path] } as Parameters<typeof context.addIssue>[0]);
      }
    });
}
