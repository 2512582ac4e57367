import { describe, expect, it } from 'vitest';
import { select } from '../context.ts';

describe('parse_time', () => {
  const instant = Date.UTC(2024, 1, 29, 13, 4, 5, 67);

  it.each([
    ['G C Y y yy yyyyyy', 'AD 20 2024 2024 24 002024'],
    ['x-w-e', '2024-9-4'],
    ['E EEE EEEE', 'Thu Thu Thursday'],
    ['D DDD', '60 060'],
    ['M MM MMM MMMM', '2 02 Feb February'],
    ['d dd', '29 29'],
    ['a h hh K', 'PM 1 01 1'],
    ['H HH k', '13 13 13'],
    ['m:s.S SS SSS SSSSSS', '4:5.0 06 067 067000'],
    ['z zzzz Z ZZ ZZZ', 'UTC Coordinated Universal Time +0000 +00:00 UTC'],
    ["'T' '' 'it''s'", "T ' it's"],
    ['yyyyMMdd', '20240229'],
  ])('%s gives %s', (pattern, expected) => {
    expect(select(`parse_time("${pattern}", ${instant})`)).toBe(expected);
  });

  it.each([
    ['Europe/Berlin', '2024-02-29 14:04 CET +0100'],
    ['Asia/Kolkata', '2024-02-29 18:34 IST +0530'],
    ['America/New_York', '2024-02-29 08:04 EST -0500'],
    ['Asia/Kathmandu', '2024-02-29 18:49 +05:45 +0545'],
    ['+05:30', '2024-02-29 18:34 +05:30 +0530'],
    ['Europe/London', '2024-02-29 13:04 GMT +0000'],
    ['Asia/Tokyo', '2024-02-29 22:04 JST +0900'],
    ['Australia/Sydney', '2024-03-01 00:04 AEDT +1100'],
    ['America/Los_Angeles', '2024-02-29 05:04 PST -0800'],
    ['America/Belize', '2024-02-29 07:04 CST -0600'],
    ['Asia/Shanghai', '2024-02-29 21:04 CST +0800'],
    ['UTC', '2024-02-29 13:04 UTC +0000'],
    ['UTC-3', '2024-02-29 10:04 -03:00 -0300'],
  ])('in %s', (zone, expected) => {
    expect(select(`parse_time('yyyy-MM-dd HH:mm z Z', ${instant}, '${zone}')`)).toBe(expected);
  });

  it('knows daylight saving', () => {
    expect(select(`parse_time('HH z', ${Date.UTC(2024, 6, 1)}, 'Europe/Berlin')`)).toBe('02 CEST');
  });

  it('counts years before Christ', () => {
    expect(select(`parse_time('Y G', ${new Date(0).setUTCFullYear(-43)})`)).toBe('44 BC');
    expect(select(`parse_time('yyyy-MM-dd', ${new Date(0).setUTCFullYear(-43, 2, 15)}, 'Europe/Rome')`)).toBe(
      '-0043-03-15',
    );
  });

  it.each([
    "'b', 0",
    "'yyyy''', 0",
    "'', 0",
    "'yyyy', 'x'",
    "'yyyy', 1E20",
    "'yyyy', 0, 'Mars/Base'",
    "'yyyy', 0, 5",
    'NULL, 0',
    "'yyyy', 0, '+99:00'",
  ])('is Undefined for %s', (parameters) => {
    expect(select(`parse_time(${parameters})`)).toBeUndefined();
  });
});

describe('time_to_epoch', () => {
  it.each([
    ['2020-04-03 09:45:18', 'yyyy-MM-dd HH:mm:ss', Date.UTC(2020, 3, 3, 9, 45, 18)],
    ['2020-04-03T09:45:18Z', "yyyy-MM-dd'T'HH:mm:ssX", Date.UTC(2020, 3, 3, 9, 45, 18)],
    ['2020-04-03T09:45:18+02:00', "yyyy-MM-dd'T'HH:mm:ssXXX", Date.UTC(2020, 3, 3, 7, 45, 18)],
    ['2020-04-03T09:45:18+0200', "yyyy-MM-dd'T'HH:mm:ssZ", Date.UTC(2020, 3, 3, 7, 45, 18)],
    ['20200403094518123', 'yyyyMMddHHmmssSSS', Date.UTC(2020, 3, 3, 9, 45, 18, 123)],
    ['3/4/20 9:45 PM', 'd/M/yy h:mm a', Date.UTC(2020, 3, 3, 21, 45)],
    ['12:05 AM 3/4/20', 'h:mm a d/M/yy', Date.UTC(2020, 3, 3, 0, 5)],
    ['Fri, 3 Apr 2020', 'EEE, d MMM yyyy', Date.UTC(2020, 3, 3)],
    ['2020-094', 'yyyy-DDD', Date.UTC(2020, 3, 3)],
    ['2020-04-03 24:00', 'yyyy-MM-dd HH:mm', Date.UTC(2020, 3, 4)],
    ['2021-02-31', 'yyyy-MM-dd', Date.UTC(2021, 1, 28)],
    ['2020-04-03 Europe/Berlin', 'yyyy-MM-dd VV', Date.UTC(2020, 3, 2, 22)],
    ['2020-04-03 09:00 PST', 'yyyy-MM-dd HH:mm z', Date.UTC(2020, 3, 3, 16)],
    ['2020-04-03 GMT+1', 'yyyy-MM-dd O', Date.UTC(2020, 3, 2, 23)],
    ['2020-04-03', 'yyyy-MM-dd[ HH:mm]', Date.UTC(2020, 3, 3)],
    ['2020-04-03 01:02', 'yyyy-MM-dd[ HH:mm]', Date.UTC(2020, 3, 3, 1, 2)],
    ['44 BC 3 15', 'y G M d', new Date(0).setUTCFullYear(-43, 2, 15)],
    ['0001-01-01', 'uuuu-MM-dd', -62_135_596_800_000],
    ['-0043-03-15', 'uuuu-MM-dd', new Date(0).setUTCFullYear(-43, 2, 15)],
    ['+12020-01-01', 'yyyy-MM-dd', Date.UTC(12020, 0, 1)],
    ['12020-1-1', 'y-M-d', Date.UTC(12020, 0, 1)],
    ['Sat, 14 Nov 2020 10:15:30 +0100', 'EEE, dd MMM yyyy HH:mm:ss Z', Date.UTC(2020, 10, 14, 9, 15, 30)],
    ['2020-04-03T09:45:18.250Z', "yyyy-MM-dd'T'HH:mm:ss.SSSX", Date.UTC(2020, 3, 3, 9, 45, 18, 250)],
    ['2020-04-03T09:45:18.250Z', "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", Date.UTC(2020, 3, 3, 9, 45, 18, 250)],
    ['2020-04-03T09:45:18.123456Z', "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX", Date.UTC(2020, 3, 3, 9, 45, 18, 123)],
    ['2020-04-03 09:45:18 America/Los_Angeles', 'yyyy-MM-dd HH:mm:ss z', Date.UTC(2020, 3, 3, 16, 45, 18)],
    ['2020-04-03 09:45:18 UTC', 'yyyy-MM-dd HH:mm:ss z', Date.UTC(2020, 3, 3, 9, 45, 18)],
    ['2020-04-03 09:45:18 +05:30', 'yyyy-MM-dd HH:mm:ss VV', Date.UTC(2020, 3, 3, 4, 15, 18)],
    ['04/03/2020 12:00 PM', 'MM/dd/yyyy hh:mm a', Date.UTC(2020, 3, 3, 12)],
    ['04/03/2020 12:00 AM', 'MM/dd/yyyy hh:mm a', Date.UTC(2020, 3, 3)],
    ['Friday 3 April 2020 AD', 'EEEE d MMMM yyyy G', Date.UTC(2020, 3, 3)],
    ["3 o'clock 2020-04-03", "H 'o''clock' yyyy-MM-dd", Date.UTC(2020, 3, 3, 3)],
    ['20200403', 'yyyyMMdd', Date.UTC(2020, 3, 3)],
    ['2020-02-29', 'yyyy-MM-dd', Date.UTC(2020, 1, 29)],
    ['1969-12-31 23:59:59', 'yyyy-MM-dd HH:mm:ss', -1000],
  ])('%s by %s', (text, pattern, expected) => {
    expect(select(`time_to_epoch("${text}", "${pattern}")`)).toBe(expected);
  });

  it.each([
    ['2020-13-03', 'yyyy-MM-dd'],
    ['2020-04-32', 'yyyy-MM-dd'],
    ['2020-04-03 ', 'yyyy-MM-dd'],
    ['2020-4-3', 'yyyy-MM-dd'],
    ['Thu 2020-04-03', 'EEE yyyy-MM-dd'],
    ['2020', 'yyyy'],
    ['12020-01-01', 'yyyy-MM-dd'],
    ['0000-01-01', 'yyyy-MM-dd'],
    ['-0043-03-15', 'yyyy-MM-dd'],
    ['2020-04', 'yyyy-MM'],
    ['2020-04-03 9:45', 'yyyy-MM-dd HH:mm'],
    ['2020-04-03 09:60', 'yyyy-MM-dd HH:mm'],
    ['2020-04-03 09:45 pm', 'yyyy-MM-dd hh:mm a'],
    ['2020-04-03 13:45 PM', 'yyyy-MM-dd hh:mm a'],
    ['3 april 2020', 'd MMMM yyyy'],
    ['x2020-04-03', 'yyyy-MM-dd'],
    ['2020-04-03', 'yyyy-MM-dd HH:mm'],
    ['10:00', 'HH:mm'],
    ['2020-04-03 9:45', 'yyyy-MM-dd h:mm'],
    ['2020-04-03 25:00', 'yyyy-MM-dd HH:mm'],
    ['2020-04-03 24:01', 'yyyy-MM-dd HH:mm'],
    ['2021-366', 'yyyy-DDD'],
    ['2020-04-03 Mars/Base', 'yyyy-MM-dd VV'],
    ['2020-04-03', 'yyyy-MM-dd]'],
    ['2020-04-03', 'yyyy-MM-dd['],
    ['2020-04-03', 'b'],
    ['', ''],
  ])('is Undefined for %j by %s', (text, pattern) => {
    expect(select(`time_to_epoch("${text}", "${pattern}")`)).toBeUndefined();
  });

  it('takes back what parse_time wrote, in a zone with daylight saving', () => {
    for (let hour = 0; hour < 24 * 366; hour += 7) {
      const instant = Date.UTC(2024, 0, 1, hour);
      const text = "parse_time('yyyy-MM-dd HH:mm:ss ZZ', n, 'America/New_York')";
      expect(select(`time_to_epoch(${text}, 'yyyy-MM-dd HH:mm:ss ZZZZZ')`, `{"n":${instant}}`)).toBe(instant);
    }
  });

  it('keeps a bounded number of patterns that messages bring', () => {
    for (let i = 0; i < 500; i++) {
      expect(select('parse_time(p, 0)', JSON.stringify({ p: `yyyy'${i}'` }))).toBe(`1970${i}`);
      expect(select('regexp_substr(p, p)', JSON.stringify({ p: `a${i}` }))).toBe(`a${i}`);
    }
  });
});
