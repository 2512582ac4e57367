/** Rendered destination fields of an action, as the JSON text that names a part's destination. */
import type { ActionPlan } from '../message.ts';
import { compileTemplate } from '../rules/template.ts';
import { MessageFailure, reasonOf } from './failure.ts';
import { LaneMessage } from './lane-message.ts';

export interface Destination {
  /** True: every message has the same, rendered once. */
  readonly isConstant: boolean;
  render(message: LaneMessage): string;
}

export function compileDestination(plan: ActionPlan, awsIotSqlVersion: string): Destination {
  const names = Object.keys(plan.destination);
  const templates = names.map((name) => ({
    name,
    template: compileTemplate(plan.destination[name] ?? '', { version: awsIotSqlVersion }),
  }));
  const render = (message: LaneMessage): string => {
    const fields: Record<string, string> = {};
    for (const { name, template } of templates) fields[name] = template.render(message);
    return JSON.stringify(fields);
  };
  if (templates.every(({ template }) => template.isConstant)) {
    const constant = render(new LaneMessage());
    return { isConstant: true, render: () => constant };
  }
  return {
    isConstant: false,
    render(message) {
      try {
        return render(message);
      } catch (thrown) {
        throw new MessageFailure('MESSAGE_TEMPLATE_INVALID', reasonOf(thrown));
      }
    },
  };
}
