import { describe, expect, it } from 'vitest';
import { Gate } from '../src/gate.ts';

describe('Gate', () => {
  it('is held once everybody has left, and lets in those who waited when it is released', async () => {
    const gate = new Gate();
    const log: string[] = [];
    let leave = () => {};
    const first = gate.pass(() => new Promise<void>((resolve) => (leave = resolve)));
    const held = gate.hold().then(() => log.push('held'));
    const second = gate.pass(async () => log.push('second'));
    await Promise.resolve();
    expect(log).toEqual([]);
    leave();
    await first;
    await held;
    expect(log).toEqual(['held']);
    gate.release();
    await second;
    expect(log).toEqual(['held', 'second']);
  });

  it('counts out a task that fails', async () => {
    const gate = new Gate();
    await expect(gate.pass(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await gate.hold();
    gate.release();
    await expect(gate.pass(async () => 1)).resolves.toBe(1);
  });
});
