/** A rule document as the text of a rule file. */
import { Document, isMap, isScalar, Scalar, visit } from 'yaml';
import type { PlainObject } from './rule-object.ts';

/** Texts that may stand as they are. Carriage returns, controls and halves of characters need escapes. */
const LITERAL = /^[\t\n\x20-\x7e\xa0-\u2027\u202a-\ufefe]*$/;
const HALF = /\p{Surrogate}/u;
const ASIDE = ' What AWS has and this gateway does not run, kept for headgate rules export.';

/** Keys in the order of the document; texts of several lines as blocks; quotes where a reader of YAML 1.1 would see another type. */
export function ruleYaml(document: PlainObject): string {
  const yaml = new Document(document, { aliasDuplicateObjects: false, compat: 'yaml-1.1' });
  visit(yaml, {
    Scalar(_key, scalar) {
      const { value } = scalar;
      if (typeof value !== 'string') return;
      if (!LITERAL.test(value) || HALF.test(value)) scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
  const aside = isMap(yaml.contents)
    ? yaml.contents.items.find(({ key }) => isScalar(key) && key.value === 'aws')
    : null;
  if (isScalar(aside?.key)) aside.key.commentBefore = ASIDE;
  return yaml.toString({ lineWidth: 0, blockQuote: 'literal' });
}
