/** Rendered destination fields of an action, as the JSON text that names a part's destination. */
import type { LaneRule, LaneSetup } from '../lane-protocol.ts';
import type { ActionPlan } from '../message.ts';
import { CallFailed, CallPending } from '../rules/external.ts';
import { type CompiledTemplate, compileTemplate } from '../rules/template.ts';
import { MessageFailure, reasonOf } from './failure.ts';
import { LaneMessage } from './lane-message.ts';

/** Of an action; past it the memory starts anew. */
const TEXTS_KNOWN_MAX = 1024;
/** Characters; longer texts are not remembered. */
const TEXT_KNOWN_LENGTH_MAX = 256;

export interface Destination {
  /** A template reads fields of the payload. */
  readonly needsDocument: boolean;
  /** A template asks a service. */
  readonly callsExternal: boolean;
  /** Throws a MessageFailure, CallPending or CallFailed. A constant destination is rendered once. */
  render(message: LaneMessage): string;
}

export function compileDestination(
  plan: ActionPlan,
  rule: LaneRule,
  descriptors: LaneSetup['descriptors'],
): Destination {
  const options = { version: rule.awsIotSqlVersion, sql: rule.sql, descriptors };
  const fields = Object.entries(plan.destination).map(([name, text]) => ({
    name,
    template: compileTemplate(text, { ...options, kind: plan.templateKinds?.[name] ?? 'text' }),
  }));
  const render = rendererOf(fields);
  const constant = fields.every(({ template }) => template.isConstant) ? renderOnce(render) : null;
  if (constant !== null) return { needsDocument: false, callsExternal: false, render: () => constant };
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

interface Field {
  readonly name: string;
  readonly template: CompiledTemplate;
}

/** Where one field varies, what was made of its text is remembered: writing JSON costs more than finding it. */
function rendererOf(fields: readonly Field[]): (message: LaneMessage) => string {
  const varying = fields.filter(({ template }) => !template.isConstant);
  const [field] = varying;
  if (field === undefined || varying.length > 1) return (message) => write(fields, message, null, '');
  const known = new Map<string, string>();
  return (message) => {
    const text = field.template.render(message);
    const found = known.get(text);
    if (found !== undefined) return found;
    const made = write(fields, message, field, text);
    if (known.size >= TEXTS_KNOWN_MAX) known.clear();
    if (text.length <= TEXT_KNOWN_LENGTH_MAX) known.set(text, made);
    return made;
  };
}

/** `text` is what one of the fields was rendered to already. */
function write(fields: readonly Field[], message: LaneMessage, rendered: Field | null, text: string): string {
  const texts: Record<string, string> = {};
  for (const field of fields) texts[field.name] = field === rendered ? text : field.template.render(message);
  return JSON.stringify(texts);
}

/** null: it can never be rendered, which is the failure of each message. */
function renderOnce(render: (message: LaneMessage) => string): string | null {
  try {
    return render(new LaneMessage());
  } catch {
    return null;
  }
}
