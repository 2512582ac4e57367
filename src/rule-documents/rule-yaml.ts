/** A rule document as the text of a rule file. */
import { Document, isMap, isScalar, Scalar, visit } from 'yaml';
import type { PlainObject } from './rule-object.ts';

const ASIDE = ' What AWS has and this gateway does not run, kept for headgate rules export.';

/** Keys in the order of the document; texts of several lines as blocks; quotes where a reader of YAML 1.1 would see another type. */
export function ruleYaml(document: PlainObject): string {
  const yaml = new Document(document, { aliasDuplicateObjects: false, compat: 'yaml-1.1' });
  visit(yaml, {
    // `separator: "\n"` says more than an empty block.
    Scalar(_key, scalar) {
      const { value } = scalar;
      if (typeof value === 'string' && value.includes('\n') && !value.trim().includes('\n'))
        scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
  const pairs = isMap(yaml.contents) ? yaml.contents.items : [];
  const aside = pairs.find(({ key }) => isScalar(key) && key.value === 'aws');
  if (isScalar(aside?.key)) aside.key.commentBefore = ASIDE;
  return yaml.toString({ lineWidth: 0, blockQuote: 'literal' });
}
