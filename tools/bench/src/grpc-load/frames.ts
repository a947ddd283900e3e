// What of HTTP/2 (RFC 9113) a caller of unary methods meets.

export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
} as const;

export const FLAG = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const;

export const SETTING = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
} as const;

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
export const FRAME_HEADER_BYTES = 9;
/** No server may refuse frames up to this. */
export const MAX_FRAME_BYTES = 16_384;
/** Of a connection and of its streams, until one side says otherwise. */
export const INITIAL_WINDOW_BYTES = 65_535;

/** Writes a frame's header. @returns where its payload begins */
export function writeFrameHeader(
  into: Buffer,
  at: number,
  payloadBytes: number,
  type: number,
  flags: number,
  stream: number,
): number {
  into.writeUIntBE(payloadBytes, at, 3);
  into[at + 3] = type;
  into[at + 4] = flags;
  into.writeUInt32BE(stream, at + 5);
  return at + FRAME_HEADER_BYTES;
}

/** A frame of the connection, or of a stream where one is named. */
export function frameOf(type: number, flags: number, payload: Buffer, stream = 0): Buffer {
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + payload.length);
  payload.copy(frame, writeFrameHeader(frame, 0, payload.length, type, flags, stream));
  return frame;
}

export function settingsFrame(settings: Readonly<Record<number, number>>): Buffer {
  const entries = Object.entries(settings);
  const payload = Buffer.alloc(entries.length * 6);
  entries.forEach(([id, value], nth) => {
    payload.writeUInt16BE(Number(id), nth * 6);
    payload.writeUInt32BE(value, nth * 6 + 2);
  });
  return frameOf(FRAME.SETTINGS, 0, payload);
}

export function windowUpdateFrame(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frameOf(FRAME.WINDOW_UPDATE, 0, payload);
}
