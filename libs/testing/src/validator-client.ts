import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface Verdict {
  valid: boolean;
  reason: string;
  leaseId: string;
  effectiveUntil: Timestamp | null;
  graceUntil: Timestamp | null;
}

export interface Timestamp {
  seconds: number;
  nanos: number;
}

export interface LeaseQuestion {
  identifier: string;
  tenantId: string;
}

export type VerdictStream = grpc.ClientDuplexStream<LeaseQuestion, Verdict>;

const DEADLINE_MS = 5_000;
/** Streams are for asking on and on. */
const STREAM_DEADLINE_MS = 600_000;

type Done<T> = (error: grpc.ServiceError | null, answer: T) => void;

interface CallClient extends grpc.Client {
  validateLease(
    ask: LeaseQuestion,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    done: Done<Verdict>,
  ): grpc.ClientUnaryCall;
  validateLeases(
    ask: { requests: readonly LeaseQuestion[] },
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    done: Done<{ responses: Verdict[] }>,
  ): grpc.ClientUnaryCall;
  validateLeaseStream(metadata: grpc.Metadata, options: grpc.CallOptions): VerdictStream;
}

/** An orchestrator's client of one validator, with the proto that callers have. */
export class ValidatorClient {
  private readonly client: CallClient;
  /** Sent as metadata `authorization`. */
  authorization: string | undefined;

  constructor(
    readonly address: string,
    token?: string,
  ) {
    const definition = loadSync('numbering/v1/lease_validator.proto', {
      includeDirs: [path.resolve('libs/contracts/proto')],
      defaults: true,
      longs: Number,
    });
    const { numbering } = grpc.loadPackageDefinition(definition) as unknown as {
      numbering: { v1: { LeaseValidator: grpc.ServiceClientConstructor } };
    };
    const { LeaseValidator } = numbering.v1;
    this.client = new LeaseValidator(
      address,
      grpc.credentials.createInsecure(),
    ) as unknown as CallClient;
    if (token !== undefined) this.authorization = `Bearer ${token}`;
  }

  ask(identifier: string, tenantId: string, deadlineMs = DEADLINE_MS): Promise<Verdict> {
    const question = { identifier, tenantId };
    return new Promise((resolve, reject) => {
      this.client.validateLease(question, this.metadata(), within(deadlineMs), (error, verdict) =>
        error ? reject(error) : resolve(verdict),
      );
    });
  }

  /** One batch; its answers in the order of its questions. */
  askAll(requests: readonly LeaseQuestion[], deadlineMs = DEADLINE_MS): Promise<Verdict[]> {
    return new Promise((resolve, reject) => {
      this.client.validateLeases(
        { requests },
        this.metadata(),
        within(deadlineMs),
        (error, answer) => (error ? reject(error) : resolve(answer.responses)),
      );
    });
  }

  stream(deadlineMs = STREAM_DEADLINE_MS): VerdictStream {
    return this.client.validateLeaseStream(this.metadata(), within(deadlineMs));
  }

  /** All the questions at once on one stream, and then its end. */
  askStreamed(questions: readonly LeaseQuestion[]): Promise<Verdict[]> {
    return new Promise((resolve, reject) => {
      const verdicts: Verdict[] = [];
      const call = this.stream(DEADLINE_MS);
      call.on('data', (verdict: Verdict) => verdicts.push(verdict));
      call.on('error', reject);
      call.on('end', () => resolve(verdicts));
      for (const question of questions) call.write(question);
      call.end();
    });
  }

  /** Hand-made bytes on any method of the server; of a stream its first answer. */
  raw(method: string, bytes: Buffer, { isStream = false } = {}): Promise<Buffer> {
    const same = (value: Buffer): Buffer => value;
    const options = within(DEADLINE_MS);
    return new Promise((resolve, reject) => {
      if (!isStream) {
        this.client.makeUnaryRequest(
          ...([method, same, same, bytes, this.metadata(), options] as const),
          (error, answer) => (error ? reject(error) : resolve(answer ?? Buffer.alloc(0))),
        );
        return;
      }
      const call = this.client.makeBidiStreamRequest(method, same, same, this.metadata(), options);
      call.on('error', reject).once('data', (answer: Buffer) => {
        resolve(answer);
        call.end();
      });
      call.write(bytes);
    });
  }

  close(): void {
    this.client.close();
  }

  private metadata(): grpc.Metadata {
    const metadata = new grpc.Metadata();
    if (this.authorization !== undefined) metadata.set('authorization', this.authorization);
    return metadata;
  }
}

const within = (deadlineMs: number): grpc.CallOptions => ({ deadline: Date.now() + deadlineMs });
