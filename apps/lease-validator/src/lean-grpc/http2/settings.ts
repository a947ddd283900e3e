import { ConnectionError, ErrorCode, MAX_FRAME_BYTES, MAX_WINDOW_BYTES, Setting } from './protocol';

const ENTRY_BYTES = 6;
const VALUE_AT = 2;
const LARGEST_FRAME_BYTES = 16_777_215;

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
