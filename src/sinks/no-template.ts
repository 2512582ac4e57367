/** For fields in which AWS evaluates no templates: an error that says so, where one is written all the same. */

/** `instead`: what to write. For the `error` of a zod type. */
export function noTemplate(instead: string): (issue: { readonly input?: unknown }) => string {
  return ({ input }) =>
    typeof input === 'string' && input.includes('${') ? `This field takes no \${}, as in AWS. ${instead}` : instead;
}
