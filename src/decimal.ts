/** The decimal numbers of AWS IoT SQL: 34 significant digits, ties to even, exponents to ±999 (see the language reference). */
import { Decimal as Base } from 'decimal.js';

export const Decimal = Base.clone({
  precision: 34,
  rounding: Base.ROUND_HALF_EVEN,
  maxE: 999,
  minE: -999,
  toExpPos: 35,
  toExpNeg: -35,
});
export type Decimal = Base;
