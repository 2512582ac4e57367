/** The rule document: AWS's TopicRulePayload plus `ruleName`. What an action may hold is another part's business, and handed in. */
import { z } from 'zod';

/** AWS: "Maximum number of actions per rule". https://docs.aws.amazon.com/general/latest/gr/iot-core.html#rules-engine-limits */
const ACTIONS_MAX = 10;
const RULE_NAME_CHARACTERS_MAX = 128;

const sqlVersions = ['2015-10-08', '2016-03-23', 'beta'] as const;

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
      .max(ACTIONS_MAX)
      .describe('What is done with each message that matches, in parallel.'),
    errorAction: actionSchema.optional().describe('What is done with the report of a failed action.'),
  });
}

export type RuleDocument = z.infer<ReturnType<typeof createRuleSchema>>;
