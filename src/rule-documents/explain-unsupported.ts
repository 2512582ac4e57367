/**
 * "The key lambda is not known" said as what it is: an action of AWS that does not run here, and what to do instead; or keys of an
 * action that stand a level too high or too low.
 */
import type { Finding } from '../errors.ts';
import { awsActionOf } from './aws-actions.ts';

const ACTION_KEY = /^(.*\.)?(?:actions\.\d+|errorAction)\.([A-Za-z0-9]+)$/;

const DELIVERY_KEY = /^(?:.*\.)?(?:actions\.\d+|errorAction)\.([A-Za-z0-9]+)\.delivery$/;

/** The findings of a rule's schema. What else it finds wrong with an action that is none here is left out. */
export function explainUnsupported(findings: readonly Finding[]): readonly Finding[] {
  const empty = findings.flatMap(({ path, message }) =>
    message === 'Expected a map, found nothing.' && ACTION_KEY.test(path) ? [path] : [],
  );
  const explained = findings.map((finding) => explain(finding, empty));
  // With a misspelled or misplaced key there is "not exactly one action key" either.
  const actions = explained.flatMap(({ code, path, message }) =>
    code === 'RULE_ACTION_UNSUPPORTED' || (ACTION_KEY.test(path) && message.includes('Did you mean'))
      ? [parentOf(path)]
      : [],
  );
  return explained.filter(({ path }) => !actions.includes(path));
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('.'));
}

/** `empty`: paths of action keys with nothing below them. */
function explain(finding: Finding, empty: readonly string[]): Finding {
  if (finding.code !== 'CONFIG_KEY_UNKNOWN') return finding;
  const within = DELIVERY_KEY.exec(finding.path)?.[1];
  if (within !== undefined) {
    return { ...finding, message: `delivery stands beside ${within}, not in it. Indent it as far as ${within}.` };
  }
  const action = empty.find((path) => parentOf(path) === parentOf(finding.path));
  if (action !== undefined) {
    const key = finding.path.slice(parentOf(finding.path).length + 1);
    const name = action.slice(parentOf(action).length + 1);
    return { ...finding, message: `${key} stands beside ${name}, not in it. Indent it further than ${name}.` };
  }
  const row = awsActionOf(ACTION_KEY.exec(finding.path)?.[2] ?? '');
  if (row === null || row.support !== 'unsupported') return finding;
  return { ...finding, code: 'RULE_ACTION_UNSUPPORTED', message: `There is no ${row.key} action here. ${row.how}` };
}
