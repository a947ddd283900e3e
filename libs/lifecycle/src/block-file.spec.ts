import type { BlockRow } from '@numbering/domain';
import fc from 'fast-check';
import { BlockFile, FileRefused } from './block-file';

const rules = { identifierClass: 'MSISDN', operatorPrefixes: ['79'] } as const;

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** The rows of a file that comes in pieces of this size, or the code of its refusal. */
async function read(bytes: Buffer, size: number) {
  const file = new BlockFile(rules);
  const rows: BlockRow[] = [];
  try {
    for await (const some of file.read(cut(bytes, size))) rows.push(...some);
  } catch (error) {
    if (error instanceof FileRefused) return error.refusal.code;
    throw error;
  }
  const { validRows, commonPrefix } = file;
  return { rows, counted: file.rows, validRows, commonPrefix };
}

const field = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 9_999_999 }).map((n) => `+9379${n}`) },
  { weight: 3, arbitrary: fc.constantFrom('+93790000001', '"+93790000002"', '+93790000003') },
  fc.constantFrom('', '"', '"a ""quote"""', '"two\r\nlines"', 'ä€😀', '\0', 'a"b', '"x"y', ' '),
);
const line = fc.tuple(field, fc.constantFrom('\n', '\r\n', '\n\n', ',\n', ',,\r\n', '\r'));
const csv = fc
  .tuple(fc.constantFrom('', '\uFEFF'), fc.constantFrom('msisdn', '"msisdn"'), fc.array(line))
  .map(([bom, header, lines]) => Buffer.from(`${bom}${header}\r\n${lines.flat().join('')}`));

describe('a block’s file', () => {
  it('is the same file however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(csv, fc.integer({ min: 1, max: 40 }), async (bytes, size) => {
        expect(await read(bytes, size)).toEqual(await read(bytes, bytes.length));
      }),
      { numRuns: 500 },
    );
  });

  it('counts its rows, the valid ones, and knows what these begin with', async () => {
    const file = Buffer.from('msisdn\n+93791234567\r\n\nbad\n"+93791239999"');
    expect(await read(file, 7)).toEqual({
      rows: [
        { identifier: '+93791234567', vanity: false },
        { code: 'INVALID_E164', value: 'bad' },
        { identifier: '+93791239999', vanity: false },
      ],
      ...{ counted: 3, validRows: 2, commonPrefix: '+9379123' },
    });
  });

  it('is refused where it is not UTF-8 to its last byte', async () => {
    const half = Buffer.concat([Buffer.from('msisdn\n'), Buffer.of(0xe2, 0x82)]);
    expect(await read(half, 3)).toBe('INVALID_CSV');
  });
});
