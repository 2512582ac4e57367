/** What `headgate rules explain` says, as data: `--format json` prints it as it is. */

export interface RuleExplanation {
  readonly ruleName: string;
  /** `file:line`; '' for a statement by itself. */
  readonly place: string;
  readonly awsIotSqlVersion: string;
  readonly isDisabled: boolean;
  /** In canonical form: spelling, quotes and parentheses are those of the printer. */
  readonly sql: string;
  /** null: there is no FROM. */
  readonly topicFilter: string | null;
  /** Examples of topics; the last ones are near misses. */
  readonly matches: readonly string[];
  readonly matchesNot: readonly string[];
  readonly basicIngest: string;
  readonly variables: readonly { readonly name: string; readonly sql: string }[];
  readonly fields: readonly string[];
  readonly functions: readonly { readonly name: string; readonly since: string }[];
  readonly services: readonly { readonly function: string; readonly connector: string }[];
  readonly where: {
    readonly sql: string;
    readonly truth: 'depends' | 'always' | 'never';
    /** Why it is never true; '' otherwise. */
    readonly why: string;
  } | null;
  readonly payload: { readonly kind: 'json' | 'decoded' | 'bytes'; readonly why: string };
  readonly actions: readonly ActionExplanation[];
  readonly errorAction: ActionExplanation | null;
  /** What the error action is told of, or what becomes of it without one. */
  readonly failures: readonly string[];
}

export interface ActionExplanation {
  /** `<rule>/<ordinal>`, `<rule>/error`. */
  readonly id: string;
  readonly type: string;
  /** null: it cannot be carried out; the findings of the rule say why. Then nothing below is known. */
  readonly destination:
    | readonly {
        readonly field: string;
        readonly template: string;
        /** The expressions in it whose value depends on the message. */
        readonly dynamic: readonly string[];
      }[]
    | null;
  readonly format: string;
  readonly packing: string;
  readonly entry: string;
  readonly calls: string;
  readonly class: string;
  /** What the gateway adds: `receivedAt = receiveTime`. */
  readonly addedFields: readonly string[];
  /** '' or why the rule may get its own messages back. */
  readonly loop: string;
}
