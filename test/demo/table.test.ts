import { describe, expect, it } from 'vitest';
import { formatBytes, formatCount, formatRatio, renderTable } from '../../src/demo/table.ts';

describe('renderTable', () => {
  it('aligns text to the left and marked columns to the right', () => {
    expect(
      renderTable(
        ['rule', '>files'],
        [
          ['alarms', '1'],
          ['readings_all', '12'],
        ],
      ),
    ).toBe(['rule          files', '------------  -----', 'alarms            1', 'readings_all     12'].join('\n'));
  });

  it('prints the head alone when there are no rows', () => {
    expect(renderTable(['rule'], [])).toBe('rule\n----');
  });
});

describe('numbers for people', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1_234_567.4, '1,234,567'],
  ])('counts %d as %s', (count, text) => {
    expect(formatCount(count)).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [10 * 1024 * 1024, '10.0 MiB'],
    [250 * 1024 ** 3, '250 GiB'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('gives no ratio where there is nothing to compare', () => {
    expect(formatRatio(100, 0)).toBe('-');
    expect(formatRatio(0, 100)).toBe('-');
    expect(formatRatio(460, 100)).toBe('4.6x');
  });
});
