import type { LeaseQuestion, Verdict } from '@numbering/testing';
import { numberOf } from '../number-of';

/** Tenants that hold the leases. */
export const TENANTS = 50;
/** Identifiers that stay in memory: what a platform's traffic of a minute asks for. */
export const WARM_NUMBERS = 10_000;
/** Of so many numbers in a row each is another case. */
export const CASES = 20;
/** Places in `CASES`: asked for by another tenant, nobody's, recalled, in no ledger, suspended; the others are valid. */
export const PLACE = { foreign: 0, available: 1, recalled: 2, unknown: 3, suspended: 4 } as const;

/** The end of every lease here; with a fraction, as a term has that began at any moment. */
export const EFFECTIVE_UNTIL = '2096-03-04T05:06:07.089Z';
const UNTIL_MS = Date.parse(EFFECTIVE_UNTIL);
const SECOND_MS = 1_000;
const NANOS_A_MS = 1_000_000;

export interface Case {
  question: LeaseQuestion;
  /** What must be answered. */
  answer: Verdict;
}

const holderOf = (nth: number): string => `bench-${1 + (nth % TENANTS)}`;
export const leaseIdOf = (nth: number): string =>
  `5eed0000-0000-4000-8000-${String(nth).padStart(12, '0')}`;

/** What is asked about the nth number of the ledger, and the one right answer. */
export function caseOf(nth: number): Case {
  const question = { identifier: numberOf('+9379', nth), tenantId: holderOf(nth) };
  switch (nth % CASES) {
    case PLACE.foreign:
      return { question: { ...question, tenantId: holderOf(nth + 1) }, answer: no('WRONG_TENANT') };
    case PLACE.available:
      return { question, answer: no('NOT_LEASED') };
    case PLACE.recalled:
      return { question, answer: no('LEASE_RECALLED') };
    case PLACE.unknown:
      return { question, answer: no('NOT_REGISTERED') };
    case PLACE.suspended:
      return { question, answer: { ...no('LEASE_SUSPENDED'), ...termOf(nth) } };
    default:
      return { question, answer: validAnswer(nth) };
  }
}

/** What the holder of the nth number is told. */
export const validAnswer = (nth: number): Verdict => ({
  ...{ valid: true, reason: '', graceUntil: null },
  ...termOf(nth),
});

const no = (reason: string): Verdict => ({
  ...{ valid: false, reason, leaseId: '', effectiveUntil: null, graceUntil: null },
});

const termOf = (nth: number) => ({
  leaseId: leaseIdOf(nth),
  effectiveUntil: {
    seconds: Math.floor(UNTIL_MS / SECOND_MS),
    nanos: (UNTIL_MS % SECOND_MS) * NANOS_A_MS,
  },
});
