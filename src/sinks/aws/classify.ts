/**
 * What a failed AWS call means, in one place for all AWS sinks. Judged by the error's name before its status: SNS and IoT send
 * throttles as client faults, Firehose sends "resource not found" as 400, and an expired token is a 400 of the JSON services.
 */
import { asError, CodedError } from '../../errors.ts';
import type { Outcome } from '../sink.ts';

type Failure = Exclude<Outcome, { readonly status: 'delivered' }>;

/** https://docs.aws.amazon.com/general/latest/gr/api-retries.html, and each service's model. */
const THROTTLES = new Set([
  'BandwidthLimitExceeded',
  'KMSThrottling',
  'KMSThrottlingException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'Throttled',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
]);

const TRANSIENT = new Set([
  'ConditionalRequestConflict',
  'InternalError',
  'InternalErrorException',
  'InternalFailure',
  'InternalFailureException',
  'OperationAborted',
  'RequestTimeout',
  'RequestTimeoutException',
  'ServiceUnavailable',
  'ServiceUnavailableException',
]);

/** Credentials, permission, clock, or a destination that is not there: right again once an operator has acted. */
const HELD = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AccountProblem',
  'AllAccessDisabled',
  'AuthFailure',
  'AuthorizationError',
  'AuthorizationErrorException',
  'AuthorizationHeaderMalformed',
  'CredentialsProviderError',
  'EndpointDisabled',
  'ExpiredToken',
  'ExpiredTokenException',
  'Forbidden',
  'ForbiddenException',
  'IncompleteSignature',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidKMSResourceException',
  'InvalidSecurity',
  'InvalidSignatureException',
  'InvalidSourceException',
  'InvalidToken',
  'KMSAccessDenied',
  'KMSDisabled',
  'KMSInvalidState',
  'KMSNotFound',
  'KMSOptInRequired',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'NoSuchBucket',
  'NotAuthorized',
  'NotFound',
  'NotFoundException',
  'NotSignedUp',
  'OptInRequired',
  'PermanentRedirect',
  'RequestExpired',
  'RequestInTheFuture',
  'RequestTimeTooSkewed',
  'ResourceNotFoundException',
  'SignatureDoesNotMatch',
  'TokenProviderError',
  'TokenRefreshRequired',
  'UnauthorizedException',
  'UnrecognizedClientException',
]);

/** The destination is not there, or not in this region; or the SDK can make no address of its name. */
const MISSING = new Set([
  'AuthorizationHeaderMalformed',
  'EndpointError',
  'NoSuchBucket',
  'NotFound',
  'NotFoundException',
  'PermanentRedirect',
  'ResourceNotFoundException',
]);

/** The peer is not who it should be: nothing is sent until an operator has looked. */
const TLS_CODES = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Statuses that blame the request itself. Others of the 4xx range blame the way to the service (405, 407, 410, …). */
const REJECTED_STATUSES = new Set([400, 411, 413, 414, 415, 416, 422, 431]);
const RETRY_AFTER_MS_MAX = 60_000;

/** A whole call that failed. */
export function classifyAwsError(thrown: unknown): Failure {
  const cause = asError(thrown);
  if (cause instanceof CodedError) return { status: 'rejected', cause };
  const name = nameOf(cause);
  const status = statusOf(cause);
  const afterMs = retryAfterMs(cause);
  const retry: Failure = afterMs === null ? { status: 'retry', cause } : { status: 'retry', cause, afterMs };
  // A proxy or a load balancer answered instead of the service, in HTML; its status says nothing about the request.
  if (cause instanceof SyntaxError) return retry;
  if (THROTTLES.has(name) || TRANSIENT.has(name)) return retry;
  if (HELD.has(name) || TLS_CODES.has(codeOf(cause))) return { status: 'held', cause };
  // No status: the network (reset, timeout, name not found). Status 2xx: the reply broke off ("aborted").
  if (status === null || status < 300) return retry;
  if (status === 408 || status === 409 || status === 425 || status === 429 || status >= 500) return retry;
  if (REJECTED_STATUSES.has(status)) return { status: 'rejected', cause };
  return { status: 'held', cause };
}

/**
 * A missing destination holds the sink, as a rule that names it will not get better by itself. Where a template takes the name from
 * the message, the message is to blame and nobody else waits for it.
 */
export function blameTemplate(outcome: Failure, template: string): Failure {
  const isMissing = outcome.status !== 'rejected' && MISSING.has(nameOf(outcome.cause));
  return isMissing && template.includes('${') ? { status: 'rejected', cause: outcome.cause } : outcome;
}

/** For a destination that no template can mean, before anything is sent: a service's client may take it for a fault of the network. */
export function impossibleName(name: string, shouldBe: string): Failure {
  const why = `"${name.slice(0, 128)}" is not ${shouldBe}.`;
  return { status: 'rejected', cause: new CodedError('MESSAGE_TEMPLATE_INVALID', why) };
}

/** One entry that failed inside a call that succeeded (Firehose `RequestResponses`, SNS `Failed`). */
export function classifyEntryFailure(code: string, message: string, isSenderFault: boolean): Failure {
  const cause = new Error(`${code}: ${message}`);
  cause.name = code;
  if (THROTTLES.has(code) || TRANSIENT.has(code)) return { status: 'retry', cause };
  if (HELD.has(code)) return { status: 'held', cause };
  return isSenderFault ? { status: 'rejected', cause } : { status: 'retry', cause };
}

/** The error's name; services that answer with a namespace (`com.amazonaws…#Name`) or a suffix (`Name:http://…`) included. */
function nameOf(error: Error): string {
  const code = 'Code' in error && typeof error.Code === 'string' ? error.Code : error.name;
  return code.replace(/^.*#/, '').replace(/:.*$/, '');
}

function statusOf(error: Error): number | null {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return null;
  const metadata = error.$metadata;
  return 'httpStatusCode' in metadata && typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : null;
}

function codeOf(error: Error): string {
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause instanceof Error && error.cause !== error ? codeOf(error.cause) : '';
}

function retryAfterMs(error: Error): number | null {
  if (!('$response' in error) || typeof error.$response !== 'object' || error.$response === null) return null;
  const response = error.$response;
  if (!('headers' in response) || typeof response.headers !== 'object' || response.headers === null) return null;
  const headers = response.headers;
  const seconds = 'retry-after' in headers ? Number(headers['retry-after']) : Number.NaN;
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, RETRY_AFTER_MS_MAX) : null;
}
