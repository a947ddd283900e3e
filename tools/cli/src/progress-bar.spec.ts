import { ProgressBar } from './progress-bar.js';

describe('a progress bar', () => {
  function drawn(isTTY: boolean, pieces: number[], total: number): string[] {
    const lines: string[] = [];
    const write = (text: string) => lines.push(text) > 0;
    const bar = new ProgressBar(total, { isTTY, write });
    for (const bytes of pieces) bar.sent(bytes);
    bar.clear();
    return lines;
  }

  it('tells a person how far the file is, and leaves nothing behind', () => {
    const lines = drawn(true, [500_000, 499_999, 1, 700], 1_000_000);
    expect(lines[0]).toMatch(/^\r\[#{15}\.{15}\] 50 % of 1\.0 MB/);
    expect(lines.find((line) => line.includes('sent'))).toMatch(/100 % .* imports it/);
    expect(lines.at(-1)).toBe('\r\u001b[K');
  });

  it('tells a program nothing', () => {
    expect(drawn(false, [1_000_000], 1_000_000)).toEqual([]);
  });

  it('knows an empty file', () => expect(drawn(true, [120], 0)[0]).toContain('100 %'));
});
