/**
 * DynamoDB's attribute values as JSON. Numbers keep the digits that DynamoDB sends (38 at most), because they come as text and go
 * as text. Sets become arrays, binary values base64 text.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html#Programming.LowLevelAPI.DataTypeDescriptors
 */
export interface AttributeValue {
  readonly S?: string | undefined;
  readonly N?: string | undefined;
  readonly B?: Uint8Array | undefined;
  readonly BOOL?: boolean | undefined;
  readonly NULL?: boolean | undefined;
  readonly SS?: readonly string[] | undefined;
  readonly NS?: readonly string[] | undefined;
  readonly BS?: readonly Uint8Array[] | undefined;
  readonly L?: readonly AttributeValue[] | undefined;
  readonly M?: Readonly<Record<string, AttributeValue>> | undefined;
}

/** RFC 8259 section 6. */
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

export function itemText(item: Readonly<Record<string, AttributeValue>>): string {
  return `{${Object.entries(item)
    .map(([key, value]) => `${JSON.stringify(key)}:${attributeText(value)}`)
    .join(',')}}`;
}

/** An item nests at most 32 levels, so this cannot overflow the stack. */
function attributeText(value: AttributeValue): string {
  if (value.S !== undefined) return JSON.stringify(value.S);
  if (value.N !== undefined) return numberText(value.N);
  if (value.BOOL !== undefined) return String(value.BOOL);
  if (value.M !== undefined) return itemText(value.M);
  if (value.L !== undefined) return arrayText(value.L, attributeText);
  if (value.SS !== undefined) return arrayText(value.SS, (text) => JSON.stringify(text));
  if (value.NS !== undefined) return arrayText(value.NS, numberText);
  if (value.B !== undefined) return base64Text(value.B);
  if (value.BS !== undefined) return arrayText(value.BS, base64Text);
  return 'null';
}

function arrayText<T>(items: readonly T[], textOf: (item: T) => string): string {
  return `[${items.map(textOf).join(',')}]`;
}

/** What JSON does not take as a number stays text. */
function numberText(text: string): string {
  return JSON_NUMBER.test(text) ? text : JSON.stringify(text);
}

function base64Text(bytes: Uint8Array): string {
  return JSON.stringify(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'));
}
