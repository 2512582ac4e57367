/** JSON payloads, with the gateway's limits as coded reasons. */
import type { ErrorCode } from '../../errors.ts';
import { decodeJson as decode, JSON_DEPTH_MAX, type JsonValue } from '../../json.ts';

export type DecodedPayload =
  /** `hasWholeDecimals`: `10.0` or `1E3` is in it; awsIotSqlVersion 2015-10-08 needs a decoding of its own then. */
  | { readonly isJson: true; readonly document: JsonValue; readonly hasWholeDecimals: boolean }
  | { readonly isJson: false; readonly code: ErrorCode; readonly reason: string };

const notJson: DecodedPayload = {
  isJson: false,
  code: 'MESSAGE_NOT_JSON',
  reason: 'The payload is not JSON in UTF-8.',
};
const tooDeep: DecodedPayload = {
  isJson: false,
  code: 'MESSAGE_TOO_DEEP',
  reason: `The payload nests deeper than ${JSON_DEPTH_MAX} levels.`,
};

/** Decodes `bytes` from `start` to `end`, for rules of `version` (awsIotSqlVersion). Never throws. */
export function decodeJson(bytes: Buffer, start: number, end: number, version: string): DecodedPayload {
  const result = decode(bytes, start, end, version === '2015-10-08');
  switch (result.status) {
    case 'json':
      return { isJson: true, document: result.document, hasWholeDecimals: result.hasWholeDecimals };
    case 'notJson':
      return notJson;
    case 'tooDeep':
      return tooDeep;
  }
}
