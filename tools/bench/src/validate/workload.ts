import type { Calls } from '../grpc-load/grpc-load';
import { leaseValidator, mustAnswer, prefixed } from './messages';
import { caseOf, validAnswer, WARM_NUMBERS, type Case } from './questions';

export const BATCH_ITEMS = 100;
/** So that neighbours in time are none in the ledger; has no divisor in common with the numbers. */
const STRIDE = 7_919;
const METHOD = '/numbering.v1.LeaseValidator/';

/** What a caller process asks, and of which method. */
export const WORKLOADS = {
  /** The warm numbers, one by one. */
  warm: { method: `${METHOD}ValidateLease`, calls: warm },
  /** The same, each answered alike: of the limit. */
  echo: { method: `${METHOD}ValidateLease`, calls: echo },
  /** The warm numbers by the hundred. */
  batches: { method: `${METHOD}ValidateLeases`, calls: batches },
  /** Numbers behind the warm ones, none of them twice. */
  cold: { method: `${METHOD}ValidateLease`, calls: cold },
} as const;

export type Workload = keyof typeof WORKLOADS;

/** What the echo answers to everything: as long as what a holder is told. */
export const ECHO_ANSWER = validAnswer(1);

const warmNumber = (call: number): number => 1 + ((call * STRIDE) % WARM_NUMBERS);

function warm(): Calls {
  return recurring(WARM_NUMBERS, (nth) => caseOf(1 + nth));
}

function echo(): Calls {
  return recurring(WARM_NUMBERS, (nth) => ({ ...caseOf(1 + nth), answer: ECHO_ANSWER }));
}

/** The same questions again and again: each answer's bytes are those of one that was unpacked and found right. */
function recurring(count: number, of: (nth: number) => Case): Calls {
  const { ValidateLease } = leaseValidator();
  const cases = Array.from({ length: count }, (_, nth) => of(nth));
  const requests = cases.map((each) => prefixed(ValidateLease.requestSerialize(each.question)));
  const right = rightBytes();
  const nthOf = (call: number): number => warmNumber(call) - 1;
  return {
    requestOf: (call) => required(requests[nthOf(call)]),
    check: (call, bytes, from, to) => {
      const nth = nthOf(call);
      if (right.isKnown(nth, bytes, from, to)) return;
      const { question, answer } = required(cases[nth]);
      const message = Buffer.from(bytes.subarray(from, to));
      mustAnswer(ValidateLease, message, answer, question);
      right.learn(nth, message);
    },
  };
}

function batches(): Calls {
  const { ValidateLeases } = leaseValidator();
  const count = WARM_NUMBERS / BATCH_ITEMS;
  const all = Array.from({ length: count }, (_, nth) => {
    const cases = Array.from({ length: BATCH_ITEMS }, (__, item) =>
      caseOf(warmNumber(nth * BATCH_ITEMS + item)),
    );
    const requests = cases.map(({ question }) => question);
    return { requests, responses: cases.map(({ answer }) => answer) };
  });
  const messages = all.map(({ requests }) =>
    prefixed(ValidateLeases.requestSerialize({ requests })),
  );
  const right = rightBytes();
  return {
    requestOf: (call) => required(messages[call % count]),
    check: (call, bytes, from, to) => {
      const nth = call % count;
      if (right.isKnown(nth, bytes, from, to)) return;
      const { requests, responses } = required(all[nth]);
      const message = Buffer.from(bytes.subarray(from, to));
      mustAnswer(ValidateLeases, message, { responses }, requests);
      right.learn(nth, message);
    },
  };
}

function cold(): Calls {
  const { ValidateLease } = leaseValidator();
  const coldCase = (call: number): Case => caseOf(WARM_NUMBERS + 1 + call);
  return {
    requestOf: (call) => prefixed(ValidateLease.requestSerialize(coldCase(call).question)),
    check: (call, bytes, from, to) => {
      const { question, answer } = coldCase(call);
      mustAnswer(ValidateLease, bytes.subarray(from, to), answer, question);
    },
  };
}

/** Answers that were found right, by question. */
function rightBytes() {
  const known = new Map<number, Buffer>();
  return {
    isKnown: (nth: number, bytes: Buffer, from: number, to: number): boolean => {
      const right = known.get(nth);
      return (
        right !== undefined &&
        right.length === to - from &&
        right.compare(bytes, from, to, 0, right.length) === 0
      );
    },
    learn: (nth: number, message: Buffer) => known.set(nth, message),
  };
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('there is no such question');
  return value;
}
