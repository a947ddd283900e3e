import type { MethodDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import fc from 'fast-check';
import type { ValidateLeaseRequest, ValidateLeaseResponse } from './lease-answer';
import { BATCH_CODEC, QUESTION_CODEC } from './lease-codec';
import { LOADER, PACKAGE, PROTO, protoFolder, SERVICE } from './proto';

const definition = loadSync(PROTO, { includeDirs: [protoFolder()], ...LOADER });
const service = definition[`${PACKAGE}.${SERVICE}`] as unknown as Record<
  'ValidateLease' | 'ValidateLeases',
  MethodDefinition<object, object>
>;

const text = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 50 }));
const question: fc.Arbitrary<ValidateLeaseRequest> = fc.record({
  identifier: text,
  tenantId: fc.oneof(text, fc.constantFrom('tenant-own', 'tenant-other')),
});
const time = fc.record({
  seconds: fc.oneof(fc.constant(0), fc.integer(), fc.maxSafeInteger()),
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
});
const answer: fc.Arbitrary<ValidateLeaseResponse> = fc.record(
  { valid: fc.boolean(), reason: text, leaseId: text, effectiveUntil: time, graceUntil: time },
  { requiredKeys: ['valid'] },
);
const decoded = (codec: typeof QUESTION_CODEC | typeof BATCH_CODEC, bytes: Buffer): unknown =>
  // Not at the beginning of its buffer, as in a frame.
  codec.decode(
    Buffer.concat([Buffer.alloc(7, 0xff), bytes, Buffer.alloc(7, 0xff)]),
    7,
    7 + bytes.length,
  );
const RUNS = { numRuns: 500 };

describe('the codec of the hot path and the general one', () => {
  it('read any question alike', () => {
    const { requestSerialize } = service.ValidateLease;
    const check = fc.property(question, (asked) => {
      expect(decoded(QUESTION_CODEC, requestSerialize(asked))).toEqual({
        identifier: asked.identifier.toWellFormed(),
        tenantId: asked.tenantId.toWellFormed(),
      });
    });
    fc.assert(check, RUNS);
  });

  it('read any batch alike', () => {
    const { requestSerialize, requestDeserialize } = service.ValidateLeases;
    const check = fc.property(fc.array(question, { maxLength: 30 }), (requests) => {
      const bytes = requestSerialize({ requests });
      expect(decoded(BATCH_CODEC, bytes)).toEqual({ ...requestDeserialize(bytes) });
    });
    fc.assert(check, RUNS);
  });

  it('write any answer, and any batch of answers, so that the other reads the same', () => {
    const { ValidateLease, ValidateLeases } = service;
    const check = fc.property(fc.array(answer, { maxLength: 30 }), (responses) => {
      const all = BATCH_CODEC.encode({ responses });
      expect(all.readUInt32BE(1)).toBe(all.length - 5);
      const theirs = ValidateLeases.responseSerialize({ responses });
      expect(ValidateLeases.responseDeserialize(all.subarray(5))).toEqual(
        ValidateLeases.responseDeserialize(theirs),
      );
      for (const each of responses) {
        const read = ValidateLease.responseDeserialize(QUESTION_CODEC.encode(each).subarray(5));
        const wanted = ValidateLease.responseDeserialize(ValidateLease.responseSerialize(each));
        expect(read).toEqual(wanted);
      }
    });
    fc.assert(check, RUNS);
  });

  it('read and refuse any bytes alike, where no known field is written as something else', () => {
    const { requestDeserialize } = service.ValidateLease;
    const fields = fc.array(fc.oneof(fc.uint8Array({ maxLength: 12 }), unknownField()), {
      maxLength: 6,
    });
    const check = fc.property(fields, (parts) => {
      const bytes = Buffer.concat(parts.map((part) => Buffer.from(part)));
      const read = attempt(() => decoded(QUESTION_CODEC, bytes));
      if (read) expect(read).toEqual({ ...attempt(() => requestDeserialize(bytes)) });
    });
    fc.assert(check, { numRuns: 5_000 });
  });

  it('skip what they do not know, groups too', () => {
    const fields = ['0a0131', '7801', '790102030405060708', '7d01020304', '7b08017c', '120174'];
    const bytes = Buffer.from(fields.join(''), 'hex');
    expect(decoded(QUESTION_CODEC, bytes)).toEqual({ identifier: '1', tenantId: 't' });
  });

  it.each([
    ['a text as a number', '0801'],
    ['a text as 64 bits', '110102030405060708'],
    ['a text that is longer than the message', '0a05616263'],
    ['a field of number 0', '0001'],
    ['a wire type that there is not', '7f'],
    ['a group without end', '7b0801'],
    ['groups that cross', '7b8401'],
    ['an end of no group', '7c'],
    ['a tag without end', 'ffffffffffffffffffffff'],
    ['a length beyond 32 bits', '0affffffffff7f'],
  ])('refuse %s', (_, hex) => {
    expect(() => decoded(QUESTION_CODEC, Buffer.from(hex, 'hex'))).toThrow();
    const inBatch = Buffer.from(hex, 'hex');
    const batch = Buffer.concat([Buffer.of(0x0a, inBatch.length), inBatch]);
    expect(() => decoded(BATCH_CODEC, batch)).toThrow();
  });
});

/** Field 15, in each way that there is. */
const unknownField = (): fc.Arbitrary<Uint8Array> =>
  fc
    .constantFrom('7801', '790102030405060708', '7a03616263', '7b08017c', '7d01020304', '0a0131')
    .map((hex) => Buffer.from(hex, 'hex'));

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
