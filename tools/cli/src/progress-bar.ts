const barChars = 30;
const bytesPerMegabyte = 1_000_000;
const redrawEveryMs = 100;

/** What a person sees while a file is on its way; programs, whose stderr is no terminal, nothing. */
export class ProgressBar {
  private sentBytes = 0;
  private drawnAtMs = 0;

  constructor(
    private readonly totalBytes: number,
    private readonly terminal: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> = process.stderr,
  ) {}

  sent(bytes: number): void {
    this.sentBytes = Math.min(this.sentBytes + bytes, this.totalBytes);
    const isAll = this.sentBytes === this.totalBytes;
    const nowMs = Date.now();
    if (!isAll && nowMs - this.drawnAtMs < redrawEveryMs) return;
    this.drawnAtMs = nowMs;
    this.draw(isAll ? ' sent, the service imports it …' : '');
  }

  /** Takes the line away, so that what follows stands alone. */
  clear(): void {
    if (this.terminal.isTTY) this.terminal.write('\r\u001b[K');
  }

  private draw(note: string): void {
    if (!this.terminal.isTTY) return;
    const share = this.totalBytes === 0 ? 1 : this.sentBytes / this.totalBytes;
    const filled = '#'.repeat(Math.round(share * barChars)).padEnd(barChars, '.');
    const total = (this.totalBytes / bytesPerMegabyte).toFixed(1);
    this.terminal.write(`\r[${filled}] ${Math.round(share * 100)} % of ${total} MB${note}\u001b[K`);
  }
}
