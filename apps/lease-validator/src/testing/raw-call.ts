import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';

export const VALIDATE = '/numbering.v1.LeaseValidator/ValidateLease';
export const VALIDATE_ALL = '/numbering.v1.LeaseValidator/ValidateLeases';
export const VALIDATE_STREAM = '/numbering.v1.LeaseValidator/ValidateLeaseStream';

/** How a call ended, as HTTP/2 tells it. */
export interface RawAnswer {
  httpStatus: number | undefined;
  grpcStatus: string | undefined;
  grpcMessage: string | undefined;
  body: Buffer;
  headers: IncomingHttpHeaders;
  /** Of RST_STREAM. */
  resetCode: number;
}

/** A client of HTTP/2 that sends what a client of gRPC would not. */
export class RawClient {
  private readonly session: ClientHttp2Session;
  /** Codes of the GOAWAYs that came. */
  readonly goAways: number[] = [];

  constructor(address: string) {
    this.session = connect(`http://${address}`);
    this.session.on('error', () => undefined);
    this.session.on('goaway', (code: number) => this.goAways.push(code));
  }

  /** One call; its body in the given pieces, each a frame of its own. */
  call(
    path: string,
    pieces: readonly Buffer[],
    headers: Record<string, string | string[]> = {},
  ): Promise<RawAnswer> {
    const call = this.open(path, headers);
    for (const piece of pieces) call.write(piece);
    call.end();
    return this.answerOf(call);
  }

  /** A call that is still to be written, and to be read. */
  open(path: string, headers: Record<string, string | string[]> = {}): ClientHttp2Stream {
    return this.session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
  }

  /** Reads it to its end. */
  answerOf(call: ClientHttp2Stream): Promise<RawAnswer> {
    return new Promise((resolve) => {
      let head: IncomingHttpHeaders = {};
      let trailers: IncomingHttpHeaders = {};
      const parts: Buffer[] = [];
      call.on('response', (got) => (head = got));
      call.on('trailers', (got) => (trailers = got));
      call.on('data', (part: Buffer) => parts.push(part));
      call.on('error', () => undefined);
      call.on('close', () => {
        const told = { ...head, ...trailers };
        resolve({
          httpStatus: head[constants.HTTP2_HEADER_STATUS] as number | undefined,
          grpcStatus: told['grpc-status'] as string | undefined,
          grpcMessage: told['grpc-message'] as string | undefined,
          body: Buffer.concat(parts),
          headers: head,
          resetCode: call.rstCode,
        });
      });
    });
  }

  get isClosed(): boolean {
    return this.session.closed || this.session.destroyed;
  }

  close(): void {
    this.session.destroy();
  }
}

/** A message behind its prefix. */
export function framed(message: Buffer, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag, 0);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** A text as field of a protobuf message; up to 127 bytes. */
const field = (number: number, text: string): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), bytes]);
};

export const questionBytes = (identifier: string, tenantId: string): Buffer =>
  Buffer.concat([field(1, identifier), field(2, tenantId)]);
