// The frames that speak of a connection or a stream and carry no message.
import {
  ErrorCode,
  Flag,
  Frame,
  MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  Setting,
  ConnectionError,
} from './protocol';
import type { Outbox } from './outbox';

const UINT32_BYTES = 4;
const ENTRY_BYTES = 6;
const VALUE_AT = 2;
const LARGEST_FRAME_BYTES = 16_777_215;

/** What this side takes; the rest is as HTTP/2 has it by default. */
export function sendSettings(
  outbox: Outbox,
  { maxConcurrentStreams, maxHeaderListBytes }: Limits,
): void {
  const payload = Buffer.alloc(2 * ENTRY_BYTES);
  payload.writeUInt16BE(Setting.MAX_CONCURRENT_STREAMS, 0);
  payload.writeUInt32BE(maxConcurrentStreams, VALUE_AT);
  payload.writeUInt16BE(Setting.MAX_HEADER_LIST_SIZE, ENTRY_BYTES);
  payload.writeUInt32BE(maxHeaderListBytes, ENTRY_BYTES + VALUE_AT);
  outbox.frame(Frame.SETTINGS, Flag.NONE, 0, payload);
}

interface Limits {
  maxConcurrentStreams: number;
  maxHeaderListBytes: number;
}

/** @param lastId streams above it were not looked at: they may be sent elsewhere */
export function sendGoAway(outbox: Outbox, lastId: number, code: ErrorCode): void {
  const payload = Buffer.alloc(2 * UINT32_BYTES);
  payload.writeUInt32BE(lastId, 0);
  payload.writeUInt32BE(code, UINT32_BYTES);
  outbox.frame(Frame.GOAWAY, Flag.NONE, 0, payload);
}

export const sendReset = (outbox: Outbox, streamId: number, code: ErrorCode): void =>
  sendNumber(outbox, Frame.RST_STREAM, streamId, code);

/** @param streamId 0 for the window of all streams together */
export const sendWindowUpdate = (outbox: Outbox, streamId: number, bytes: number): void =>
  sendNumber(outbox, Frame.WINDOW_UPDATE, streamId, bytes);

function sendNumber(outbox: Outbox, type: number, streamId: number, value: number): void {
  const payload = Buffer.allocUnsafe(UINT32_BYTES);
  payload.writeUInt32BE(value, 0);
  outbox.frame(type, Flag.NONE, streamId, payload);
}

/**
 * Reads the peer's settings; throws where one may not be. Of those only the window matters here:
 * frames are never larger than every peer takes, and header blocks use no table of the peer's.
 */
export function readSettings(payload: Buffer): { initialWindowBytes: number | undefined } {
  if (payload.length % ENTRY_BYTES !== 0) {
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'SETTINGS of a wrong size');
  }
  let initialWindowBytes: number | undefined;
  for (let at = 0; at < payload.length; at += ENTRY_BYTES) {
    const value = payload.readUInt32BE(at + VALUE_AT);
    switch (payload.readUInt16BE(at)) {
      case Setting.ENABLE_PUSH:
        if (value > 1) throw wrong('ENABLE_PUSH');
        break;
      case Setting.INITIAL_WINDOW_SIZE:
        if (value > MAX_WINDOW_BYTES) {
          throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'a window that is too large');
        }
        initialWindowBytes = value;
        break;
      case Setting.MAX_FRAME_SIZE:
        if (value < MAX_FRAME_BYTES || value > LARGEST_FRAME_BYTES) throw wrong('MAX_FRAME_SIZE');
        break;
      default:
    }
  }
  return { initialWindowBytes };
}

const wrong = (name: string): ConnectionError =>
  new ConnectionError(ErrorCode.PROTOCOL_ERROR, `a setting ${name} of a wrong value`);

/** The padding of a frame whose first byte says how long it is. */
export function paddingOf(bytes: Buffer, start: number, end: number): number {
  if (start === end) {
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'a padded frame without its length');
  }
  const padding = bytes.readUInt8(start);
  if (start + 1 + padding > end) {
    throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'more padding than frame');
  }
  return padding;
}
