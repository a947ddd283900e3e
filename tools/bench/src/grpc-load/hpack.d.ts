declare module 'hpack.js' {
  interface Decompressor {
    write(block: Buffer): boolean;
    /** Decodes what was written. */
    execute(): void;
    read(): { name: string; value: string } | null;
  }
  const decompressor: { create(options: { table: { maxSize: number } }): Decompressor };
}
