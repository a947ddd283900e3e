/** A pause that somebody may cut short. A ring between two pauses is kept for the next one. */
export class WakeUp {
  private rung = false;
  private end: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.end?.();
  }

  /** Resolves after so long, or on a ring. One waiter at a time. */
  async pause(ms: number): Promise<void> {
    if (!this.rung) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.end = resolve;
        timer = setTimeout(resolve, ms);
      });
      clearTimeout(timer);
      this.end = undefined;
    }
    this.rung = false;
  }
}
