import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { CliFailure, exitCodes } from './cli-failure.js';
import { root, runningStack } from './stack-file.js';

const protoRoot = path.join(root, 'libs/contracts/proto');
const deadlineMs = 5_000;

interface Verdict {
  valid: boolean;
  reason: string;
  leaseId: string;
  effectiveUntil: { seconds: string; nanos: number } | null;
  graceUntil: { seconds: string; nanos: number } | null;
}

const instant = (stamp: Verdict['effectiveUntil']) =>
  stamp ? new Date(Number(stamp.seconds) * 1000 + stamp.nanos / 1e6).toISOString() : undefined;

/**
 * Asks the running lease-validator whether the tenant may send as the identifier; prints its
 * verdict.
 */
export async function validate(identifier: string, tenantId: string): Promise<void> {
  const stack = runningStack();
  const definition = loadSync('numbering/v1/lease_validator.proto', {
    includeDirs: [protoRoot],
    longs: String,
    defaults: true,
  });
  const { numbering } = grpc.loadPackageDefinition(definition) as unknown as {
    numbering: { v1: { LeaseValidator: grpc.ServiceClientConstructor } };
  };
  const address = stack.apps['lease-validator'][0]?.grpc ?? '';
  const client = new numbering.v1.LeaseValidator(address, grpc.credentials.createInsecure());
  const metadata = new grpc.Metadata();
  metadata.set('authorization', `Bearer ${stack.tokens.validator}`);
  try {
    const verdict = await new Promise<Verdict>((resolve, reject) => {
      const options = { deadline: Date.now() + deadlineMs };
      const done = (error: grpc.ServiceError | null, answer: Verdict) =>
        error ? reject(asFailure(error, address)) : resolve(answer);
      client.ValidateLease?.({ identifier, tenantId }, metadata, options, done);
    });
    const { effectiveUntil, graceUntil, ...rest } = verdict;
    const times = { effectiveUntil: instant(effectiveUntil), graceUntil: instant(graceUntil) };
    console.log(JSON.stringify({ ...rest, ...times }));
  } finally {
    client.close();
  }
}

function asFailure(error: grpc.ServiceError, address: string): CliFailure {
  const isAway = [grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED].includes(error.code);
  const exitCode = isAway ? exitCodes.serverAway : exitCodes.failed;
  const name = grpc.status[error.code];
  return new CliFailure(exitCode, `lease-validator (${address}): ${name}: ${error.details}`);
}
