/** How AWS names an action in a failure document: `FirehoseAction`, `SnsAction`; ours in the same form. */
export function failedActionOf(type: string): string {
  return `${type.charAt(0).toUpperCase()}${type.slice(1)}Action`;
}

/** The stream, bucket, topic ARN or topic that failed: the first of an action's destination fields. */
export function failedResourceOf(destination: Readonly<Record<string, string>>): string {
  return Object.values(destination)[0] ?? '';
}
