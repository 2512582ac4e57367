/** The syntax tree. Every node has its place in the text. */
import type { Value } from '../value.ts';
import type { Span } from './source.ts';

export type BinaryOperator = 'AND' | 'OR' | 'IN' | '=' | '<>' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | '/' | '%';

export type Expression = Span &
  (
    | { readonly kind: 'literal'; readonly value: Value }
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'variable'; readonly name: string }
    /** The payload itself, where a clause or function takes it. */
    | { readonly kind: 'star' }
    | { readonly kind: 'member'; readonly object: Expression; readonly name: string }
    | { readonly kind: 'index'; readonly object: Expression; readonly index: Expression }
    | { readonly kind: 'unary'; readonly operator: '-' | 'NOT'; readonly operand: Expression }
    | {
        readonly kind: 'binary';
        readonly operator: BinaryOperator;
        readonly left: Expression;
        readonly right: Expression;
      }
    | {
        readonly kind: 'case';
        readonly subject: Expression;
        readonly branches: readonly { readonly when: Expression; readonly result: Expression }[];
        readonly otherwise: Expression | null;
      }
    | {
        readonly kind: 'call';
        readonly name: string;
        readonly nameSpan: Span;
        readonly parameters: readonly Expression[];
      }
    | { readonly kind: 'cast'; readonly operand: Expression; readonly type: string; readonly typeSpan: Span }
    | { readonly kind: 'array'; readonly items: readonly Expression[] }
    | {
        readonly kind: 'object';
        readonly members: readonly { readonly key: string; readonly value: Expression }[];
      }
    | NestedQuery
    | { readonly kind: 'exists'; readonly query: NestedQuery }
  );

export type NestedQuery = Span & {
  readonly kind: 'nested';
  readonly select: Select;
  readonly source: Expression;
  readonly alias: string | null;
  readonly where: Expression | null;
};

export type SelectItem = Span &
  (
    | { readonly kind: 'all' }
    /** `a.b.*`: the members of an object, side by side. */
    | { readonly kind: 'spread'; readonly object: Expression }
    | { readonly kind: 'value'; readonly expression: Expression; readonly key: readonly string[] }
  );

export type Select = Span &
  (
    | { readonly kind: 'items'; readonly items: readonly SelectItem[] }
    | { readonly kind: 'single'; readonly expression: Expression }
  );

export type Assignment = Span & { readonly name: string; readonly value: Expression };

export interface Statement {
  readonly assignments: readonly Assignment[];
  readonly set: Span | null;
  readonly select: Select;
  readonly topicFilter: { readonly text: string; readonly span: Span; readonly isSingleQuoted: boolean } | null;
  readonly where: Expression | null;
  /** Trailing commas that were read over. */
  readonly looseCommas: readonly Span[];
}
