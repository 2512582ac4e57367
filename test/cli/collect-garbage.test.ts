import { describe, expect, it } from 'vitest';
import { collectGarbage } from '../../src/cli/collect-garbage.ts';

describe('collectGarbage', () => {
  it('frees what nothing refers to any more', async () => {
    const reference = new WeakRef({ text: 'a syntax tree' });
    // A weak reference keeps its target until the turn that made it is over.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(reference.deref()).toBeUndefined();
  });

  it('leaves no gc function to others', () => {
    collectGarbage();
    expect('gc' in globalThis).toBe(false);
  });
});
