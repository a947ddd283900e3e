// Header blocks as they are answered: literals that use no table, so that they are written once and
// the same for every connection (RFC 7541, 6.2.2).

const NEW_NAME = 0x00;
const MAX_SHORT_LENGTH = 126;
const LONG_LENGTH = 127;
const MORE = 0x80;

/** A field as a literal without indexing. */
export const literalField = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.of(NEW_NAME), text(name), text(value)]);

function text(characters: string): Buffer {
  const bytes = Buffer.from(characters, 'latin1');
  if (bytes.length <= MAX_SHORT_LENGTH) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [LONG_LENGTH];
  let left = bytes.length - LONG_LENGTH;
  for (; left >= MORE; left >>>= 7) length.push((left % MORE) | MORE);
  length.push(left);
  return Buffer.concat([Buffer.from(length), bytes]);
}

const INDEXED_STATUS_200 = 0x88;

/** Of every answer, whatever its end. */
export const ANSWER_HEADERS = Buffer.concat([
  Buffer.of(INDEXED_STATUS_200),
  literalField('content-type', 'application/grpc+proto'),
  literalField('grpc-accept-encoding', 'identity,deflate,gzip'),
]);

/** What is no call of gRPC at all is answered by HTTP alone. */
export const httpStatus = (status: number): Buffer => literalField(':status', String(status));
