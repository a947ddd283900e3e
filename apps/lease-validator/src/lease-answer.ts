// The messages of numbering.v1 as proto-loader shapes them, and how questions become look-ups and
// verdicts become answers.
import { status as GrpcStatus } from '@grpc/grpc-js';
import { RpcException } from '@nestjs/microservices';
import { MAX_BATCH_QUESTIONS, parseIdentifier, type Verdict } from '@numbering/domain';
import { AuthUnavailable, StoreUnavailable, Unauthenticated } from '@numbering/platform';
import type { Question } from './lease-lookup';

export interface ValidateLeaseRequest {
  identifier: string;
  tenantId: string;
}

/** google.protobuf.Timestamp */
export interface Timestamp {
  seconds: number;
  nanos: number;
}

/** Members that are left out are empty: who does not hold the lease learns nothing of it. */
export interface ValidateLeaseResponse {
  valid: boolean;
  reason?: string;
  leaseId?: string;
  effectiveUntil?: Timestamp;
  graceUntil?: Timestamp;
}

export interface ValidateLeasesRequest {
  requests?: ValidateLeaseRequest[];
}

export interface ValidateLeasesResponse {
  responses: ValidateLeaseResponse[];
}

/** As long as a token's tenant may be. */
const MAX_TENANT_ID_CHARS = 255;
const NUL = '\u0000';

export const grpcError = (code: GrpcStatus, message: string): RpcException =>
  new RpcException({ code, message });

const malformed = (message: string): RpcException =>
  grpcError(GrpcStatus.INVALID_ARGUMENT, message);

/**
 * Reads one question; throws INVALID_ARGUMENT where it is malformed.
 * @param index of an item in a batch or stream, for the message
 */
export function questionOf(request: ValidateLeaseRequest, index?: number): Question {
  const where = index === undefined ? '' : `item ${index}: `;
  const { tenantId } = request;
  if (tenantId === '') throw malformed(`${where}tenant_id is empty`);
  if (tenantId.length > MAX_TENANT_ID_CHARS) {
    throw malformed(`${where}tenant_id has more than ${MAX_TENANT_ID_CHARS} characters`);
  }
  // Postgres takes neither, and one such item would fail the query of everybody gathered with it.
  if (tenantId.includes(NUL) || !tenantId.isWellFormed()) {
    throw malformed(`${where}tenant_id has characters that are none`);
  }
  const identifier = parseIdentifier(request.identifier);
  if ('code' in identifier) throw malformed(`${where}${identifier.detail}`);
  return { identifier, tenantId };
}

/** Reads a batch; throws INVALID_ARGUMENT where it or one of its items is malformed. */
export function questionsOf({ requests = [] }: ValidateLeasesRequest): Question[] {
  if (requests.length > MAX_BATCH_QUESTIONS) {
    throw malformed(`${requests.length} questions; at most ${MAX_BATCH_QUESTIONS} are answered`);
  }
  return requests.map((request, index) => questionOf(request, index));
}

export function answerOf(verdict: Verdict): ValidateLeaseResponse {
  const { leaseId, effectiveUntilMs, graceUntilMs } = verdict;
  const answer: ValidateLeaseResponse = verdict.valid
    ? { valid: true }
    : { valid: false, reason: verdict.reason };
  if (leaseId !== undefined) answer.leaseId = leaseId;
  if (effectiveUntilMs !== undefined) answer.effectiveUntil = timestampOf(effectiveUntilMs);
  if (graceUntilMs !== undefined) answer.graceUntil = timestampOf(graceUntilMs);
  return answer;
}

const SECOND_MS = 1_000;
const NANOS_A_MS = 1_000_000;

/** Nanos count forward from the second, also before 1970. */
function timestampOf(ms: number): Timestamp {
  const seconds = Math.floor(ms / SECOND_MS);
  return { seconds, nanos: (ms - seconds * SECOND_MS) * NANOS_A_MS };
}

/** The one table from what went wrong to gRPC's status. What is not in it is a fault of ours. */
export function rpcExceptionOf(error: unknown): RpcException {
  if (error instanceof RpcException) return error;
  if (error instanceof StoreUnavailable) {
    return grpcError(GrpcStatus.UNAVAILABLE, 'no store that may answer does; ask again');
  }
  if (error instanceof Unauthenticated) {
    return grpcError(GrpcStatus.UNAUTHENTICATED, error.message);
  }
  if (error instanceof AuthUnavailable) return grpcError(GrpcStatus.UNAVAILABLE, error.message);
  return grpcError(GrpcStatus.INTERNAL, 'the answer failed');
}
