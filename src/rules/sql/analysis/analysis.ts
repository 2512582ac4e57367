/** What the parts of an analysis share: the text, what was inferred, and the findings so far, one per place. */
import type { ErrorCode, Finding } from '../../../errors.ts';
import { findingAt, type Source, type Span } from '../source.ts';
import type { Inference } from './infer.ts';

const QUOTED_CHARACTERS_MAX = 50;

export class Analysis {
  readonly source: Source;
  readonly inference: Inference;
  /** Added to what holds under the assumptions of this inference alone; '' when it holds always. */
  readonly #proviso: string;
  readonly #findings: Map<string, Finding>;

  constructor(source: Source, inference: Inference, proviso: string, earlier: Analysis | null = null) {
    this.source = source;
    this.inference = inference;
    this.#proviso = proviso;
    this.#findings = earlier === null ? new Map() : earlier.#findings;
  }

  /** Whether the inference took nothing for granted. */
  get isUnconditional(): boolean {
    return this.#proviso === '';
  }

  get findings(): readonly Finding[] {
    return [...this.#findings.values()].sort((a, b) => a.line - b.line || a.column - b.column);
  }

  /** The first finding at a place stays: what is said later about it follows from it. */
  warn(span: Span, code: ErrorCode, message: string): void {
    const place = `${span.start}-${span.end}`;
    if (this.#findings.has(place)) return;
    this.#findings.set(place, findingAt(this.source, span, code, 'warning', `${message}${this.#proviso}`));
  }

  /** The text of an expression on one line, cut. */
  text(span: Span): string {
    const text = this.source.text.slice(span.start, span.end).replace(/\s+/g, ' ');
    return text.length > QUOTED_CHARACTERS_MAX ? `${text.slice(0, QUOTED_CHARACTERS_MAX)}…` : text;
  }
}
