/**
 * Names of things and shadows come out of messages and become part of topics and URLs: `/`, `+` and `#` would reach other ones.
 * https://docs.aws.amazon.com/iot/latest/apireference/API_iotdata_GetThingShadow.html
 */
const THING = /^[a-zA-Z0-9:_-]{1,128}$/;
const SHADOW = /^[$a-zA-Z0-9:_-]{1,64}$/;

export function isThingName(name: string): boolean {
  return THING.test(name);
}

export function isShadowName(name: string): boolean {
  return SHADOW.test(name);
}
