import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SpooledFile } from './spooled-file.js';

async function* piecesOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('a spooled file', () => {
  const folderBefore = process.env.TMPDIR;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'spool-'));
    process.env.TMPDIR = folder;
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
    if (folderBefore === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = folderBefore;
  });

  it.each([0, 1, 100_000])('gives back its %d bytes, twice', async (size) => {
    const bytes = randomBytes(size);
    const file = await SpooledFile.of(piecesOf(bytes, 7_777));
    expect(file.bytes).toBe(size);
    expect(file.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    for (let time = 1; time <= 2; time++) {
      const read: Buffer[] = [];
      for await (const piece of file.pieces()) read.push(Buffer.from(piece));
      expect(Buffer.concat(read).equals(bytes)).toBe(true);
    }
    await file.close();
  });

  it('has no name that a crash could leave', async () => {
    const file = await SpooledFile.of(piecesOf(randomBytes(10), 3));
    expect(readdirSync(folder)).toEqual([]);
    await file.close();
  });

  it('leaves nothing open where its source fails', async () => {
    async function* failing() {
      yield Buffer.from('a');
      throw new Error('cut off');
    }
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    await expect(SpooledFile.of(failing())).rejects.toThrow('cut off');
    expect(open()).toBe(before);
  });
});
