/** `headgate rules export`: rule files as the JSON of AWS. */
import { dirname, join, relative, resolve } from 'node:path';
import { globSync } from 'tinyglobby';
import { formatFinding } from '../errors.ts';
import { cloudFormationOf } from '../rule-documents/cloud-formation.ts';
import { type ExportedRule, exportRule } from '../rule-documents/export-rule.ts';
import { isPlainObject, ownValue } from '../rule-documents/rule-object.ts';
import { FIXTURE_FILES } from '../rule-set.ts';
import type { Host } from './host.ts';
import { readSource } from './read-source.ts';

export interface RulesExportOptions {
  readonly format: 'create-topic-rule' | 'get-topic-rule' | 'cloudformation';
  /** Whose rules to export when no files are named. */
  readonly config: string;
}

type ExportHost = Pick<Host, 'print' | 'complain' | 'readBytes'>;

/** Resolves with the exit code: 1 when a rule could not be exported. Nothing but JSON goes to standard output. */
export async function exportRules(
  files: readonly string[],
  options: RulesExportOptions,
  host: ExportHost,
): Promise<number> {
  const rules: ExportedRule[] = [];
  let failed = 0;
  for (const file of files.length > 0 ? files : await configuredFiles(options.config, host)) {
    const read = await readSource(file, host);
    const findings = [...read.findings];
    for (const source of read.sources) {
      const list = Array.isArray(source.data)
        ? source.data.map((data: unknown, index) => ({ data, at: [index] }))
        : [{ data: source.data, at: [] }];
      for (const { data, at } of list) {
        if (data === null) continue;
        const exported = exportRule(source, data, at);
        findings.push(...exported.findings);
        if (exported.rule !== null) rules.push(exported.rule);
      }
    }
    for (const finding of findings) host.complain(formatFinding(finding));
    failed += findings.filter(({ severity }) => severity === 'error').length;
  }
  if (rules.length === 0 && failed === 0) host.complain('There is no rule to export.');
  if (rules.length > 0) host.print(JSON.stringify(documentOf(rules, options.format), null, 2));
  return rules.length === 0 || failed > 0 ? 1 : 0;
}

/** One rule by itself, as AWS's command line takes it; several as a list, or as one template. */
function documentOf(rules: readonly ExportedRule[], format: RulesExportOptions['format']): unknown {
  if (format === 'cloudformation') return cloudFormationOf(rules.map(({ created }) => created));
  const documents = rules.map(({ created, origin: { ruleArn, ...origin } }) => {
    if (format === 'create-topic-rule') return created;
    const rule = { ruleName: created.ruleName, ...created.topicRulePayload, ...origin };
    return { ...(ruleArn === undefined ? {} : { ruleArn }), rule };
  });
  return documents.length === 1 ? documents[0] : documents;
}

/** The rule files of a configuration, as seen from here. */
async function configuredFiles(config: string, host: ExportHost): Promise<readonly string[]> {
  const { sources, findings } = await readSource(config, host);
  for (const finding of findings) host.complain(formatFinding(finding));
  const data = sources[0]?.data;
  const patterns = isPlainObject(data) ? ownValue(data, 'rules') : undefined;
  if (!Array.isArray(patterns)) return [];
  const cwd = dirname(resolve(config));
  const texts = patterns.filter((pattern) => typeof pattern === 'string');
  const found = texts.flatMap((pattern) =>
    globSync([pattern], { cwd, absolute: true, expandDirectories: false, ignore: [FIXTURE_FILES] }).sort(),
  );
  return [...new Set(found)].map((file) => join(dirname(config), relative(cwd, file)));
}
