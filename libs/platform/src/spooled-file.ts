// A body that is too large to be held: it lies on disk, without a name, until it is closed.
import { createHash, randomUUID } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const OWNER_ONLY = 0o600;
/** What is read at a time. */
const PIECE_BYTES = 64 * 1024;

/** Bytes on disk that can be read as often as need be. */
export class SpooledFile {
  private constructor(
    private readonly handle: FileHandle,
    readonly bytes: number,
    /** Of all bytes, in hex. */
    readonly sha256: string,
  ) {}

  /** For a thread that reads it by itself, before it is closed here. */
  get fd(): number {
    return this.handle.fd;
  }

  /**
   * Writes what comes into a file under the system's temporary folder (TMPDIR). The file loses its
   * name before its first byte: the system forgets it with the process, however that ends.
   */
  static async of(source: AsyncIterable<Uint8Array>): Promise<SpooledFile> {
    const name = path.join(tmpdir(), `numbering-${randomUUID()}`);
    const handle = await open(name, 'wx+', OWNER_ONLY);
    try {
      await unlink(name);
      const hash = createHash('sha256');
      let bytes = 0;
      for await (const piece of source) {
        hash.update(piece);
        await handle.writeFile(piece);
        bytes += piece.length;
      }
      return new SpooledFile(handle, bytes, hash.digest('hex'));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** From its first byte to its last. */
  async *pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < this.bytes;) {
      // A new one each time: a parser keeps the end of one until it has seen the next.
      const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
      const { bytesRead } = await this.handle.read(piece, 0, PIECE_BYTES, at);
      if (bytesRead === 0) throw new Error(`a spooled file ends at ${at} of ${this.bytes} bytes`);
      at += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  }

  /** Gives the disk back. */
  async close(): Promise<void> {
    await this.handle.close();
  }
}
