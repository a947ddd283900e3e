/** More streams than a peer may have under way. */
const MAX_REMEMBERED = 1_000;

/** Streams that were reset from here, and on which the peer's frames may still be under way. */
export class ResetMemory {
  private readonly ids = new Set<number>();

  add(streamId: number): void {
    this.ids.add(streamId);
    if (this.ids.size <= MAX_REMEMBERED) return;
    const [oldest] = this.ids;
    if (oldest !== undefined) this.ids.delete(oldest);
  }

  has(streamId: number): boolean {
    return this.ids.has(streamId);
  }
}
