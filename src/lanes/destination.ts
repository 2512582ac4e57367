/** Rendered destination fields of an action, as the JSON text that names a part's destination. */
import type { LaneRule } from '../lane-protocol.ts';
import type { ActionPlan } from '../message.ts';
import { CallFailed, CallPending } from '../rules/external.ts';
import { compileTemplate, unescapeReserved } from '../rules/template.ts';
import { MessageFailure, reasonOf } from './failure.ts';
import { LaneMessage } from './lane-message.ts';

export interface Destination {
  /** A template reads fields of the payload. */
  readonly needsDocument: boolean;
  /** A template asks a service. */
  readonly callsExternal: boolean;
  /** Throws a MessageFailure, CallPending or CallFailed. A constant destination is rendered once. */
  render(message: LaneMessage): string;
}

export function compileDestination(plan: ActionPlan, rule: LaneRule): Destination {
  const options = { version: rule.awsIotSqlVersion, sql: rule.sql };
  const fields = Object.entries(plan.destination).map(([name, text]) => ({
    name,
    template: compileTemplate(text, options),
    isTopic: name === 'topic',
  }));
  const render = (message: LaneMessage): string => {
    const rendered: Record<string, string> = {};
    for (const { name, template, isTopic } of fields) {
      const text = template.render(message);
      rendered[name] = isTopic ? unescapeReserved(text) : text;
    }
    return JSON.stringify(rendered);
  };
  if (fields.every(({ template }) => template.isConstant)) {
    const constant = render(new LaneMessage());
    return { needsDocument: false, callsExternal: false, render: () => constant };
  }
  return {
    needsDocument: fields.some(({ template }) => template.needsDocument),
    callsExternal: fields.some(({ template }) => template.callsExternal),
    render(message) {
      try {
        return render(message);
      } catch (thrown) {
        if (thrown instanceof CallPending || thrown instanceof CallFailed) throw thrown;
        throw new MessageFailure('MESSAGE_TEMPLATE_INVALID', reasonOf(thrown));
      }
    },
  };
}
