import type { Socket } from 'node:net';
import { FRAME_HEADER_BYTES } from './protocol';

/** Frames of many answers leave in one write of the socket; a few of the largest fit in. */
const SCRATCH_BYTES = 128 * 1024;
/** Shared by all connections: whoever writes next has the one before it flushed. */
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
let writer: Outbox | undefined;

const LENGTH_SHIFT = 8;

/** Gathers the frames that a connection sends within one turn of the event loop. */
export class Outbox {
  private used = 0;
  private isScheduled = false;

  /** @param onFull the peer reads more slowly than it asks */
  constructor(
    private readonly socket: Socket,
    private readonly onFull: () => void,
  ) {}

  /** A whole frame. */
  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    this.head(type, flags, streamId, payload.length);
    this.bytes(payload);
  }

  /** The head of a frame of so many bytes, and room for them. */
  head(type: number, flags: number, streamId: number, length: number): void {
    this.room(FRAME_HEADER_BYTES + length);
    const at = this.used;
    scratch.writeUInt32BE((length << LENGTH_SHIFT) | type, at);
    scratch.writeUInt8(flags, at + 4);
    scratch.writeUInt32BE(streamId, at + 5);
    this.used = at + FRAME_HEADER_BYTES;
  }

  /** Part of the payload of a frame whose head has been written. */
  bytes(payload: Uint8Array): void {
    scratch.set(payload, this.used);
    this.used += payload.length;
  }

  flush(): void {
    if (writer === this) writer = undefined;
    if (this.used === 0) return;
    const bytes = Buffer.allocUnsafe(this.used);
    scratch.copy(bytes, 0, 0, this.used);
    this.used = 0;
    if (!this.socket.destroyed && !this.socket.write(bytes)) this.onFull();
  }

  private room(bytes: number): void {
    if (writer !== this) {
      writer?.flush();
      writer = this;
    }
    if (this.used + bytes > SCRATCH_BYTES) {
      this.flush();
      writer = this;
    }
    if (this.isScheduled) return;
    this.isScheduled = true;
    queueMicrotask(() => {
      this.isScheduled = false;
      this.flush();
    });
  }
}
