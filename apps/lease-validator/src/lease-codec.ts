// The messages of the hot path, read and written by hand: the general codec of protobufjs took half
// the time of a batch. Proven against it by any messages in lease-codec.spec.ts.
import type {
  Timestamp,
  ValidateLeaseRequest,
  ValidateLeaseResponse,
  ValidateLeasesRequest,
  ValidateLeasesResponse,
} from './lease-answer';
import type { Codec } from './lean-grpc/method';
import { MessageWriter } from './message-writer';
import { skipField, varint, type Cursor } from './wire';

/** Tags: the number of a field and how it is written. */
const Ask = { identifier: 0x0a, tenantId: 0x12 } as const;
const Asks = { requests: 0x0a } as const;
const Answer = {
  valid: 0x08,
  reason: 0x12,
  leaseId: 0x1a,
  effectiveUntil: 0x22,
  graceUntil: 0x2a,
} as const;
const Answers = { responses: 0x0a } as const;
const Time = { seconds: 0x08, nanos: 0x10 } as const;
const NUMBER_SHIFT = 3;

/** One question; throws where the bytes are none, also where a field is not written as it should. */
function readQuestion(cursor: Cursor, end: number, before?: ValidateLeaseRequest) {
  const question: ValidateLeaseRequest = { identifier: '', tenantId: '' };
  while (cursor.at < end) {
    const tag = varint(cursor, end);
    if (tag === Ask.identifier) question.identifier = readText(cursor, end);
    else if (tag === Ask.tenantId) question.tenantId = readText(cursor, end, before?.tenantId);
    else if (isOneOf(Ask, tag)) throw new Error('a text that is written as something else');
    else skipField(cursor, tag, end);
  }
  return question;
}

function readQuestions(cursor: Cursor, end: number): ValidateLeasesRequest {
  const requests: ValidateLeaseRequest[] = [];
  while (cursor.at < end) {
    const tag = varint(cursor, end);
    if (tag === Asks.requests) {
      const last = lengthEnd(cursor, end);
      requests.push(readQuestion(cursor, last, requests[requests.length - 1]));
    } else if (isOneOf(Asks, tag)) throw new Error('a question that is written as something else');
    else skipField(cursor, tag, end);
  }
  return { requests };
}

/** @param likely what it probably is: of a batch most questions are of one tenant */
function readText(cursor: Cursor, end: number, likely?: string): string {
  const last = lengthEnd(cursor, end);
  const start = cursor.at;
  cursor.at = last;
  if (likely !== undefined && isAscii(likely, cursor.bytes, start, last)) return likely;
  return cursor.bytes.toString('utf8', start, last);
}

function isAscii(text: string, bytes: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f || code !== bytes[start + at]) return false;
  }
  return true;
}

function lengthEnd(cursor: Cursor, end: number): number {
  const last = varint(cursor, end) + cursor.at;
  if (last > end) throw new Error('a field that is longer than its message');
  return last;
}

/** Whether the field is known, whatever way it is written. */
const isOneOf = (tags: Readonly<Record<string, number>>, tag: number): boolean =>
  Object.values(tags).some((each) => each >>> NUMBER_SHIFT === tag >>> NUMBER_SHIFT);

function writeAnswer(to: MessageWriter, answer: ValidateLeaseResponse): void {
  if (answer.valid) to.varint(Answer.valid, 1);
  if (answer.reason) to.text(Answer.reason, answer.reason);
  if (answer.leaseId) to.text(Answer.leaseId, answer.leaseId);
  if (answer.effectiveUntil) writeTime(to, Answer.effectiveUntil, answer.effectiveUntil);
  if (answer.graceUntil) writeTime(to, Answer.graceUntil, answer.graceUntil);
}

function writeTime(to: MessageWriter, tag: number, { seconds, nanos }: Timestamp): void {
  const start = to.begin(tag);
  if (seconds !== 0) to.varint(Time.seconds, seconds);
  if (nanos !== 0) to.varint(Time.nanos, nanos);
  to.end(start);
}

const writer = new MessageWriter();

export const QUESTION_CODEC: Codec<ValidateLeaseRequest, ValidateLeaseResponse> = {
  decode: (bytes, start, end) => readQuestion({ bytes, at: start }, end),
  encode: (answer) => {
    writer.reset();
    writeAnswer(writer, answer);
    return writer.prefixed();
  },
};

export const BATCH_CODEC: Codec<ValidateLeasesRequest, ValidateLeasesResponse> = {
  decode: (bytes, start, end) => readQuestions({ bytes, at: start }, end),
  encode: ({ responses }) => {
    writer.reset();
    for (const answer of responses) {
      const start = writer.begin(Answers.responses);
      writeAnswer(writer, answer);
      writer.end(start);
    }
    return writer.prefixed();
  },
};
