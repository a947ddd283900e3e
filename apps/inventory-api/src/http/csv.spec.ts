import { csvField, csvLine, prefersCsv } from './csv';

describe('a field of CSV', () => {
  it.each([
    ['plain', 'plain'],
    ['', ''],
    ['+93790000001', '+93790000001'],
    ['a, b', '"a, b"'],
    ['a; b', '"a; b"'],
    ['say "yes"', '"say ""yes"""'],
    ['two\nlines', '"two\nlines"'],
    ['=1+1', "'=1+1"],
    ['+1+1', "'+1+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['＝1+1', "'＝1+1"],
    ['\t=1', "'\t=1"],
    ['=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
    ['1=1', '1=1'],
  ])('%j is written %s', (value, wanted) => {
    expect(csvField(value)).toBe(wanted);
  });

  it('ends its line with CRLF', () => {
    expect(csvLine(['a', '', 'b,c'])).toBe('a,,"b,c"\r\n');
  });
});

describe('what a caller would rather have', () => {
  it.each([
    [undefined, false],
    ['*/*', false],
    ['application/json', false],
    ['text/csv', true],
    ['TEXT/CSV; charset=utf-8', true],
    ['application/json, text/csv', true],
    ['application/json;q=0.5, text/csv', true],
    ['application/json, text/csv;q=0.5', false],
    ['text/csv;q=0', false],
    ['text/csv, */*', true],
    ['text/csv;q=nonsense', false],
  ])('%s → CSV: %s', (accept, wanted) => {
    expect(prefersCsv(accept)).toBe(wanted);
  });
});
