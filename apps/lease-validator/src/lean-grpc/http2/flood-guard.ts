import { ConnectionError, ErrorCode } from './protocol';

/** Frames that ask for work and bring none, which a peer may send at once. */
const BURST_FRAMES = 2_000;
/** And how many more in each second. */
const FRAMES_PER_SECOND = 500;
/** An answered call lets its caller send so many: pings and settings go with calls. */
const FRAMES_PER_ANSWER = 4;
const SECOND_MS = 1_000;

/**
 * Bounds what a peer can make a connection do for nothing: pings, settings, priorities, empty data,
 * calls that are cancelled as soon as they are made (rapid reset).
 */
export class FloodGuard {
  private left = BURST_FRAMES;

  constructor(
    private readonly monotonicMs: () => number,
    private sinceMs = monotonicMs(),
  ) {}

  /** Throws ENHANCE_YOUR_CALM where there have been too many. */
  spend(): void {
    if (--this.left >= 0) return;
    const nowMs = this.monotonicMs();
    const earned = Math.floor(((nowMs - this.sinceMs) / SECOND_MS) * FRAMES_PER_SECOND);
    if (earned < 1) throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too many idle frames');
    this.sinceMs = nowMs;
    this.left = Math.min(earned, BURST_FRAMES) - 1;
  }

  earn(): void {
    this.left = Math.min(this.left + FRAMES_PER_ANSWER, BURST_FRAMES);
  }
}
