/** What a failed call of an AWS service means for the SQL function that made it, and what to do about it. */
import { asError } from '../errors.ts';
import { failed, type Reply } from './connector.ts';

/** https://docs.aws.amazon.com/general/latest/gr/api-retries.html, and the models of Lambda, DynamoDB and IoT. */
const THROTTLED = /Throttl|TooManyRequests|ProvisionedThroughputExceeded|RequestLimitExceeded|SlowDown/;
const TRANSIENT = /^(InternalFailure|InternalServerError|ServiceUnavailable|ServiceException|RequestTimeout)/;
const DENIED =
  /AccessDenied|Unauthorized|NotAuthorized|Forbidden|UnrecognizedClient|InvalidClientToken|InvalidSignature|SignatureDoesNotMatch|ExpiredToken|MissingAuthenticationToken|IncompleteSignature|Credentials/;
/** Of an error's own words; a service may repeat what it was sent. */
const MESSAGE_CHARACTERS_MAX = 300;

/** `permission`: what the credentials need, `lambda:InvokeFunction`. `section`: where the connector is configured. */
export function awsFailure(thrown: unknown, resource: string, permission: string, section: string): Reply {
  const error = asError(thrown);
  const status = statusOf(error);
  // A proxy answered instead of the service, in HTML: the SDK cannot parse it and gives no name.
  const isForeign = error instanceof SyntaxError;
  const said = isForeign
    ? `something that is not the service answered with status ${status ?? 'unknown'}`
    : `${nameOf(error)}: ${error.message.slice(0, MESSAGE_CHARACTERS_MAX)}`;
  const { advice, isTransient } = judge(error, status, isForeign, permission, section);
  return failed(`${resource} cannot be reached: ${said.replace(/[.\s]+$/, '')}. ${advice}`, isTransient);
}

function judge(error: Error, status: number | null, isForeign: boolean, permission: string, section: string) {
  const name = nameOf(error);
  // No status: the network. Status 2xx: the reply broke off.
  if (isForeign || status === null || status < 300) {
    return { advice: `Check the network and \`${section}.aws.endpoint\`.`, isTransient: true };
  }
  if (THROTTLED.test(name) || status === 429) {
    return { advice: `Raise \`${section}.cacheSeconds\`, or the service's quota.`, isTransient: true };
  }
  if (DENIED.test(name) || status === 401 || status === 403) {
    return { advice: `Allow ${permission} to the credentials under \`aws:\`.`, isTransient: false };
  }
  if (TRANSIENT.test(name) || status === 408 || status >= 500) {
    return { advice: 'The service has a fault; it will be asked again by the next call.', isTransient: true };
  }
  return { advice: `Check its name, and the region under \`aws:\` or \`${section}.aws\`.`, isTransient: false };
}

/** The error's name, without namespace (`com.amazonaws…#Name`) and suffix (`Name:http://…`). */
export function nameOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const name = error.name === 'Error' && code !== '' ? code : error.name;
  return name.replace(/^.*#/, '').replace(/:.*$/, '');
}

function statusOf(error: Error): number | null {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return null;
  const metadata = error.$metadata;
  return 'httpStatusCode' in metadata && typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : null;
}
