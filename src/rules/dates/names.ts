/** English names of months and days; AWS formats and parses in English. */
export const monthNames: readonly string[] =
  'January February March April May June July August September October November December'.split(' ');
export const dayNames: readonly string[] = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ');
export const shortMonthNames: readonly string[] = monthNames.map((name) => name.slice(0, 3));
export const shortDayNames: readonly string[] = dayNames.map((name) => name.slice(0, 3));
