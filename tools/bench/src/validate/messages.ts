import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import type { LeaseQuestion, Verdict } from '@numbering/testing';
import { WrongAnswer } from '../benchmark';

const SERVICE = 'numbering.v1.LeaseValidator';
const PREFIX_BYTES = 5;

/** The service as callers know it; grpc-js serves it as it is. */
export const leaseValidator = () =>
  loadSync('numbering/v1/lease_validator.proto', {
    includeDirs: [path.resolve('libs/contracts/proto')],
    defaults: true,
    longs: Number,
  })[SERVICE] as unknown as {
    ValidateLease: MethodDefinition<LeaseQuestion, Verdict>;
    ValidateLeases: MethodDefinition<
      { requests: readonly LeaseQuestion[] },
      { responses: readonly Verdict[] }
    >;
  };

/** A message as it goes over the wire: uncompressed, its length, its bytes. */
export function prefixed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/**
 * Compares an answer with what it must be, field by field. Bytes that were found right once are
 * remembered by the caller and compared as bytes from then on.
 * @throws WrongAnswer
 */
export function mustAnswer<A>(
  method: Pick<MethodDefinition<object, A>, 'responseDeserialize'>,
  bytes: Buffer,
  wanted: A,
  question: object,
): void {
  const got = method.responseDeserialize(bytes);
  if (isDeepStrictEqual(plain(got), plain(wanted))) return;
  const [asked, answered, right] = [question, got, wanted].map((each) => JSON.stringify(each));
  throw new WrongAnswer(`${asked} was answered ${answered} instead of ${right}`);
}

/** Without the classes of messages. */
const plain = (message: unknown): unknown => JSON.parse(JSON.stringify(message));
