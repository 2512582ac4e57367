/** An entry of the users file as YAML text: a list of one, so that it can be appended to the file. */
import { stringify } from 'yaml';
import { usersFileSchema } from '../broker/config.ts';
import { CodedError } from '../errors.ts';

/** The filters are a start to be edited: everything below a level that carries the user's name. */
export function formatUserEntry(
  name: string,
  secret: { readonly password: string } | { readonly token: string },
): string {
  const entry = { name, ...secret, publish: ['%u/#'], subscribe: ['%u/#'] };
  const checked = usersFileSchema.safeParse([entry]);
  if (!checked.success) {
    throw usageError(`This cannot be a user name: ${checked.error.issues[0]?.message ?? 'it is not valid'}.`);
  }
  return stringify([entry], { lineWidth: 0 });
}

export function usageError(message: string): CodedError {
  return new CodedError('USAGE', message);
}
