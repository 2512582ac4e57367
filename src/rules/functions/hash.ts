/** Hashes of the UTF-8 text of a value, in lower-case hexadecimal. */
import { createHash } from 'node:crypto';
import { md2 } from '../md2.ts';
import type { FunctionSpec } from './spec.ts';
import { ofText } from './string.ts';

export const hashFunctions: readonly FunctionSpec[] = [
  ofAlgorithm('md2', 'a9046c73e00331af68917d3804f70655', md2),
  ofAlgorithm('md5', '5d41402abc4b2a76b9719d911017c592'),
  ofAlgorithm('sha1', 'aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d'),
  ofAlgorithm('sha224', 'ea09ae9cc6768c50fcee903ed054556e5bfc8347907f12598aa24193'),
  ofAlgorithm('sha256', '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'),
  ofAlgorithm(
    'sha384',
    '59e1748777448c69de6b800d7a33bbfb9ff1b463e44354c3553bcdb9c666fa90125a3c79f90397bdf5f6a13de828684f',
  ),
  ofAlgorithm(
    'sha512',
    '9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043',
  ),
];

function ofAlgorithm(
  name: string,
  helloHash: string,
  digest: (text: string) => string = (text) => createHash(name).update(text).digest('hex'),
): FunctionSpec {
  return {
    name,
    category: 'hash',
    summary: `${name.toUpperCase()} hash.`,
    since: '2015-10-08',
    params: [{ name: 'text' }],
    pure: true,
    examples: [{ sql: `${name}('hello')`, result: `"${helloHash}"` }],
    evaluate: ofText(digest),
  };
}
