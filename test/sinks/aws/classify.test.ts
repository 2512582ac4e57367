import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/errors.ts';
import { blameTemplate, classifyAwsError, classifyEntryFailure } from '../../../src/sinks/aws/classify.ts';

/** As the SDK throws it. */
function failure(name: string, status: number | null, more: object = {}): Error {
  const error = new Error(`${name} injected`);
  error.name = name;
  return Object.assign(error, { $metadata: status === null ? {} : { httpStatusCode: status } }, more);
}

const syntaxError = Object.assign(new SyntaxError('Unexpected token <'), { $metadata: { httpStatusCode: 503 } });
const proxyError = Object.assign(new SyntaxError('Unexpected token <'), { $metadata: { httpStatusCode: 403 } });
const aborted = Object.assign(new Error('aborted'), { code: 'ECONNRESET', $metadata: { httpStatusCode: 200 } });

const retried: readonly (readonly [string, Error])[] = [
  ['Firehose throttle', failure('ServiceUnavailableException', 503)],
  ['SNS throttle, a client fault', failure('Throttled', 400, { $fault: 'client' })],
  ['SNS throttle by its model name', failure('ThrottledException', 429, { $fault: 'client' })],
  ['IoT throttle, a client fault', failure('ThrottlingException', 429, { $fault: 'client' })],
  ['KMS throttle, which is a 400', failure('KMSThrottling', 400, { $fault: 'client' })],
  ['S3 SlowDown', failure('SlowDown', 503)],
  ['S3 RequestTimeout, which is a 400', failure('RequestTimeout', 400)],
  ['S3 conflict', failure('ConditionalRequestConflict', 409)],
  ['InternalFailure', failure('InternalFailureException', 500)],
  ['a 5xx without a name', failure('Unknown', 502)],
  ['a 429 without a name', failure('Unknown', 429)],
  ['request timeout', failure('TimeoutError', null)],
  ['connection reset', failure('TimeoutError', null, { code: 'ECONNRESET' })],
  ['connection refused', failure('Error', null, { code: 'ECONNREFUSED' })],
  ['name not found', failure('Error', null, { code: 'ENOTFOUND' })],
  ['deadline of ours', failure('AbortError', null)],
  ['a reply that broke off', aborted],
  ['HTML instead of JSON', syntaxError],
  ['HTML from a proxy that says 403', proxyError],
];

const held: readonly (readonly [string, Error])[] = [
  ['expired token', failure('ExpiredTokenException', 400)],
  ['expired token of S3', failure('ExpiredToken', 400)],
  ['no credentials at all', failure('CredentialsProviderError', null)],
  ['unknown key', failure('UnrecognizedClientException', 400)],
  ['unknown key of SNS', failure('InvalidClientTokenId', 403)],
  ['unknown key of S3', failure('InvalidAccessKeyId', 403)],
  ['wrong secret', failure('SignatureDoesNotMatch', 403)],
  ['clock skew of S3', failure('RequestTimeTooSkewed', 403)],
  ['clock skew of the JSON services', failure('InvalidSignatureException', 400)],
  ['clock skew, expired', failure('RequestExpired', 400)],
  ['not allowed', failure('AccessDeniedException', 400)],
  ['not allowed by SNS', failure('AuthorizationErrorException', 403)],
  ['not allowed by IoT', failure('ForbiddenException', 403)],
  ['unauthorized by IoT', failure('UnauthorizedException', 401)],
  ['stream deleted', failure('ResourceNotFoundException', 400)],
  ['topic deleted', failure('NotFoundException', 404)],
  ['bucket deleted', failure('NoSuchBucket', 404)],
  ['wrong region', failure('PermanentRedirect', 301)],
  ['stream takes other sources only', failure('InvalidSourceException', 400)],
  ['a 403 without a name', failure('Unknown', 403)],
  ['a proxy wants a login', failure('Unknown', 407)],
  ['certificate expired', failure('Error', null, { code: 'CERT_HAS_EXPIRED' })],
  ['certificate of somebody else', failure('Error', null, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })],
  [
    'certificate of an unknown CA, wrapped',
    failure('Error', null, { cause: failure('Error', null, { code: 'SELF_SIGNED_CERT_IN_CHAIN' }) }),
  ],
];

const rejected: readonly (readonly [string, Error])[] = [
  ['validation', failure('ValidationException', 400)],
  ['argument of Firehose', failure('InvalidArgumentException', 400)],
  ['parameter of SNS', failure('InvalidParameterException', 400)],
  ['batch of SNS too long', failure('BatchRequestTooLongException', 400)],
  ['request of IoT', failure('InvalidRequestException', 400)],
  ['payload of IoT too large', failure('RequestEntityTooLargeException', 413)],
  ['key of S3 too long', failure('KeyTooLongError', 400)],
  ['an error of ours', new CodedError('MESSAGE_TOO_LARGE', 'too large')],
];

describe('classifyAwsError', () => {
  it.each(retried)('retries: %s', (_name, error) =>
    expect(classifyAwsError(error)).toEqual({ status: 'retry', cause: error }),
  );
  it.each(held)('holds: %s', (_name, error) =>
    expect(classifyAwsError(error)).toEqual({ status: 'held', cause: error }),
  );
  it.each(rejected)('rejects: %s', (_name, error) =>
    expect(classifyAwsError(error)).toEqual({ status: 'rejected', cause: error }),
  );

  it('waits as long as Retry-After says, a minute at most', () => {
    const busy = (seconds: string) => failure('SlowDown', 503, { $response: { headers: { 'retry-after': seconds } } });
    expect(classifyAwsError(busy('7'))).toMatchObject({ status: 'retry', afterMs: 7_000 });
    expect(classifyAwsError(busy('86400'))).toMatchObject({ status: 'retry', afterMs: 60_000 });
    expect(classifyAwsError(busy('Wed, 21 Oct 2026 07:28:00 GMT'))).not.toHaveProperty('afterMs');
  });

  it('takes the name out of a namespace', () => {
    expect(classifyAwsError(failure('com.amazonaws.firehose#ResourceNotFoundException', 400)).status).toBe('held');
    expect(classifyAwsError(failure('ThrottlingException:http://internal.amazon.com/', 400)).status).toBe('retry');
  });
});

describe('blameTemplate', () => {
  const missing = classifyAwsError(Object.assign(new Error('no bucket'), { name: 'NoSuchBucket' }));
  const denied = classifyAwsError(Object.assign(new Error('denied'), { name: 'AccessDenied' }));

  it('rejects the entry when a message named a destination that is not there', () => {
    expect(blameTemplate(missing, '${topic(2)}-lake').status).toBe('rejected');
  });

  it.each(['PermanentRedirect', 'AuthorizationHeaderMalformed', 'EndpointError'])(
    'rejects the entry when a message named one that cannot be reached from here: %s',
    (name) => {
      const outcome = classifyAwsError(Object.assign(new Error('elsewhere'), { name }));
      expect(blameTemplate(outcome, '${topic(2)}-lake').status).toBe('rejected');
      expect(blameTemplate(outcome, 'lake').status).not.toBe('rejected');
    },
  );

  it('holds the sink when the rule named it, or when anything else is missing', () => {
    expect(blameTemplate(missing, 'lake').status).toBe('held');
    expect(blameTemplate(denied, '${topic(2)}-lake').status).toBe('held');
  });
});

describe('classifyEntryFailure', () => {
  it('tries again what the service could not do, rejects what the sender did wrong', () => {
    expect(classifyEntryFailure('ServiceUnavailableException', 'Slow down.', false).status).toBe('retry');
    expect(classifyEntryFailure('InternalFailure', '', false).status).toBe('retry');
    expect(classifyEntryFailure('InvalidParameter', '', true).status).toBe('rejected');
    expect(classifyEntryFailure('Throttled', '', true).status).toBe('retry');
    expect(classifyEntryFailure('AuthorizationError', '', true).status).toBe('held');
  });
});
