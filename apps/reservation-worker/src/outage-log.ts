import type { Log } from '@numbering/platform';

/** One line when something begins to fail, one when it works again; none for each try between. */
export class OutageLog {
  /** Failures since it last worked. */
  failures = 0;

  constructor(
    private readonly log: Log,
    private readonly what: string,
  ) {}

  failed(error: unknown): void {
    if (this.failures === 0)
      this.log.error({ err: error }, `${this.what} fails; it is tried again`);
    this.failures++;
  }

  worked(): void {
    if (this.failures > 0) this.log.info({ failures: this.failures }, `${this.what} works again`);
    this.failures = 0;
  }
}

/** Doubles with each failure in a row, from `firstMs` to `longestMs`. */
export const backoffMs = (failures: number, firstMs: number, longestMs: number): number =>
  Math.min(firstMs * 2 ** Math.max(0, failures - 1), longestMs);
