/** The rule document: AWS's TopicRulePayload plus `ruleName`. What an action may hold is another part's business, and handed in. */
import { z } from 'zod';
import type { ErrorCode } from '../errors.ts';

/** AWS: "Maximum number of actions per rule". https://docs.aws.amazon.com/general/latest/gr/iot-core.html#rules-engine-limits */
const ACTIONS_MAX = 10;
/** AWS: "Maximum size of a rule". https://docs.aws.amazon.com/general/latest/gr/iot-core.html#rules-engine-limits */
const RULE_BYTES_MAX = 131_072;
const RULE_NAME_CHARACTERS_MAX = 128;

const sqlVersions = ['2015-10-08', '2016-03-23', 'beta'] as const;

const awsActionSchema = z.record(z.string(), z.unknown());

/** Has no effect here. */
const asideSchema = z
  .strictObject({
    ruleArn: z.string().optional().describe('ARN of the rule that this was imported from.'),
    createdAt: z.union([z.string(), z.number()]).optional().describe('When it was created there.'),
    actions: z
      .array(
        z.strictObject({
          index: z
            .int()
            .min(0)
            .max(ACTIONS_MAX - 1)
            .describe('Its place among the actions there.'),
          action: awsActionSchema.describe('The action as AWS has it.'),
        }),
      )
      .max(ACTIONS_MAX)
      .optional()
      .describe('Actions that the gateway does not run.'),
    errorAction: awsActionSchema.optional().describe('The error action, where the gateway does not run it.'),
  })
  .describe('What an imported rule has in AWS and not here. Ignored; `headgate rules export` gives it back.');

/** Strict: an unknown key is a mistake. `awsIotSqlVersion` has no default here, because its absence deserves a warning. */
export function createRuleSchema(actionSchema: z.ZodType) {
  return z.strictObject({
    ruleName: z
      .string()
      .max(RULE_NAME_CHARACTERS_MAX)
      .regex(/^[a-zA-Z0-9_]+$/, 'must consist of letters, digits and underscores')
      .describe('Unique name of the rule; Basic Ingest addresses the rule by it.'),
    sql: z.string().min(1).describe('AWS IoT SQL statement that selects messages and shapes what is emitted.'),
    awsIotSqlVersion: z
      .enum(sqlVersions)
      .optional()
      .describe('Version of the SQL; absent means 2015-10-08, as in AWS. Write 2016-03-23 in new rules.'),
    description: z.string().optional().describe('For people.'),
    ruleDisabled: z.boolean().default(false).describe('A disabled rule is checked but not run.'),
    actions: z
      .array(actionSchema)
      .max(
        ACTIONS_MAX,
        `AWS allows at most ${ACTIONS_MAX} actions in a rule; move some to a second rule with the same SQL`,
      )
      .describe('What is done with each message that matches, in parallel.'),
    errorAction: actionSchema.optional().describe('What is done with the report of a failed action.'),
    aws: asideSchema.optional(),
  });
}

export type RuleDocument = z.infer<ReturnType<typeof createRuleSchema>>;

/** What is worth a warning about a rule as a whole. Paths are relative to the rule. */
export function ruleDoubts(
  rule: RuleDocument,
): readonly { readonly path: readonly string[]; readonly code: ErrorCode; readonly message: string }[] {
  const doubts: { path: string[]; code: ErrorCode; message: string }[] = [];
  if (rule.awsIotSqlVersion === undefined) {
    const message = `awsIotSqlVersion is absent, which means 2015-10-08 as in AWS. Write '2016-03-23' for the current language, or '2015-10-08' to keep this.`;
    doubts.push({ path: [], code: 'SQL_VERSION', message });
  }
  if (rule.awsIotSqlVersion === 'beta') {
    const message = `Here, beta is the same as 2016-03-23; in AWS it may change any day. Write '2016-03-23'.`;
    doubts.push({ path: ['awsIotSqlVersion'], code: 'SQL_VERSION', message });
  }
  const bytes = payloadBytes(rule);
  if (bytes > RULE_BYTES_MAX) {
    const message = `As JSON the rule has ${bytes} bytes, and AWS takes at most ${RULE_BYTES_MAX}. Shorten it if it is to run there as well.`;
    doubts.push({ path: [], code: 'RULE_INVALID', message });
  }
  return doubts;
}

/** Of what AWS would be sent: without the name, and without `delivery`, which is ours. */
function payloadBytes({ ruleName: _name, ...payload }: RuleDocument): number {
  return Buffer.byteLength(JSON.stringify(payload, (key, value: unknown) => (key === 'delivery' ? undefined : value)));
}
