/** "The key lambda is not known" said as what it is: an action of AWS that does not run here, and what to do instead. */
import type { Finding } from '../errors.ts';
import { awsActionOf } from './aws-actions.ts';

const ACTION_KEY = /^(.*\.)?(?:actions\.\d+|errorAction)\.([A-Za-z0-9]+)$/;

/** The findings of a rule's schema. What else it finds wrong with an action that is none here is left out. */
export function explainUnsupported(findings: readonly Finding[]): readonly Finding[] {
  const explained = findings.map(explain);
  const actions = explained.flatMap(({ code, path }) =>
    code === 'RULE_ACTION_UNSUPPORTED' ? [path.slice(0, path.lastIndexOf('.'))] : [],
  );
  return explained.filter(({ path }) => !actions.includes(path));
}

function explain(finding: Finding): Finding {
  if (finding.code !== 'CONFIG_KEY_UNKNOWN') return finding;
  const row = awsActionOf(ACTION_KEY.exec(finding.path)?.[2] ?? '');
  if (row === null || row.support !== 'unsupported') return finding;
  return { ...finding, code: 'RULE_ACTION_UNSUPPORTED', message: `There is no ${row.key} action here. ${row.how}` };
}
