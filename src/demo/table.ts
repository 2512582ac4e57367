/** Plain text tables and numbers, for people. */

/** Columns whose name starts with `>` are aligned to the right; the mark is not printed. */
export function renderTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const names = columns.map((name) => name.replace(/^>/, ''));
  const widths = names.map((name, index) => Math.max(name.length, ...rows.map((row) => (row[index] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return columns[index]?.startsWith('>') ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [line(names), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Powers of 1024, three figures: `1.23 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const decimals = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(decimals)} ${units[unit]}`;
}

/** How many times smaller `part` is than `whole`: `4.6x`; `-` where there is nothing to compare. */
export function formatRatio(whole: number, part: number): string {
  return part <= 0 || whole <= 0 ? '-' : `${(whole / part).toFixed(1)}x`;
}
