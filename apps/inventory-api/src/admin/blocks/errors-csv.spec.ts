import { csvOfErrors, ERROR_ROWS_AT_A_TIME } from './errors-csv';

async function written(values: string[]): Promise<string[]> {
  const rows = values.map((value, i) => ({ row: i + 1, value, code: 'INVALID_ROW' }));
  const read = async (afterRow: number, limit: number) => rows.slice(afterRow, afterRow + limit);
  const pieces: string[] = [];
  for await (const piece of csvOfErrors(read)) pieces.push(piece);
  return pieces.join('').split('\r\n').slice(0, -1);
}

describe('errors.csv', () => {
  it('has a header and every row, however many there are', async () => {
    const values = Array.from({ length: 2 * ERROR_ROWS_AT_A_TIME + 1 }, (_, i) => `+9379${i}`);
    const lines = await written(values);
    expect(lines[0]).toBe('row,value,code');
    expect(lines).toHaveLength(values.length + 1);
    expect(lines.at(-1)).toBe(`${values.length},${values.at(-1)},INVALID_ROW`);
  });

  it('keeps a number a number, and makes no value a formula', async () => {
    expect(await written(['+93790000001', '=1+1', '+93x', '-1', '@x', 'a,"b"'])).toEqual([
      'row,value,code',
      '1,+93790000001,INVALID_ROW',
      "2,'=1+1,INVALID_ROW",
      "3,'+93x,INVALID_ROW",
      "4,'-1,INVALID_ROW",
      "5,'@x,INVALID_ROW",
      '6,"a,""b""",INVALID_ROW',
    ]);
  });

  it('is its header alone where nothing was refused', async () => {
    expect(await written([])).toEqual(['row,value,code']);
  });
});
