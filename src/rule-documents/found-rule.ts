/** What is found in a file before anybody judged it. */
import type { Finding } from '../errors.ts';
import type { Path, YamlSource } from '../yaml-document.ts';
import type { PlainObject } from './rule-object.ts';

/** A rule under the names of the API, and where it came from. */
export interface FoundRule {
  readonly source: YamlSource;
  /** `sql`, `actions` …; `ruleName` where the document has one. */
  readonly fields: PlainObject;
  /** What only AWS knows of it: `ruleArn`, `createdAt`. */
  readonly origin: PlainObject;
  /** Where something in `fields` stands in the source. */
  placeOf(path: Path): Path;
}

export interface FoundRules {
  readonly rules: readonly FoundRule[];
  /** How many rules there are besides, or might be, that cannot be read. */
  readonly failed: number;
  readonly findings: readonly Finding[];
}
