import path from 'node:path';
import {
  Client,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ChannelCredentials,
  type ClientDuplexStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type {
  ValidateLeaseRequest,
  ValidateLeaseResponse,
  ValidateLeasesResponse,
} from '../lease-answer';

const PROTO_FOLDER = path.join(__dirname, '../../../../libs/contracts/proto');
const DEADLINE_MS = 10_000;

type Respond<T> = (error: ServiceError | null, answer: T) => void;
type Options = { deadline: number };
export type LeaseStream = ClientDuplexStream<ValidateLeaseRequest, ValidateLeaseResponse>;

interface CallClient extends Client {
  validateLease(
    ask: ValidateLeaseRequest,
    metadata: Metadata,
    options: Options,
    respond: Respond<ValidateLeaseResponse>,
  ): void;
  validateLeases(
    ask: { requests: ValidateLeaseRequest[] },
    metadata: Metadata,
    options: Options,
    respond: Respond<ValidateLeasesResponse>,
  ): void;
  validateLeaseStream(metadata: Metadata, options: Options): LeaseStream;
}

/** The validator as a caller sees it, with the proto that callers have. */
export class GrpcCaller {
  private readonly client: CallClient;
  /** Sent as metadata `authorization`. */
  authorization: string | undefined;

  constructor(
    readonly address: string,
    private readonly channel: ChannelCredentials = credentials.createInsecure(),
  ) {
    const definition = loadSync('numbering/v1/lease_validator.proto', {
      includeDirs: [PROTO_FOLDER],
      longs: Number,
      defaults: true,
    });
    const found = loadPackageDefinition(definition) as unknown as {
      numbering: { v1: { LeaseValidator: new (...args: unknown[]) => CallClient } };
    };
    this.client = new found.numbering.v1.LeaseValidator(address, channel);
  }

  one(identifier: string, tenantId: string, deadlineMs = DEADLINE_MS) {
    const options = { deadline: Date.now() + deadlineMs };
    return new Promise<ValidateLeaseResponse>((resolve, reject) => {
      this.client.validateLease(
        { identifier, tenantId },
        this.metadata(),
        options,
        (error, answer) => (error ? reject(error) : resolve(answer)),
      );
    });
  }

  many(asks: readonly (readonly [string, string])[]) {
    const requests = asks.map(([identifier, tenantId]) => ({ identifier, tenantId }));
    return new Promise<ValidateLeaseResponse[]>((resolve, reject) => {
      this.client.validateLeases({ requests }, this.metadata(), this.options(), (error, answer) =>
        error ? reject(error) : resolve(answer.responses),
      );
    });
  }

  stream(): LeaseStream {
    return this.client.validateLeaseStream(this.metadata(), this.options());
  }

  /** All at once, and then the end. */
  streamed(asks: readonly (readonly [string, string])[]) {
    return new Promise<ValidateLeaseResponse[]>((resolve, reject) => {
      const answers: ValidateLeaseResponse[] = [];
      const call = this.stream();
      call.on('data', (answer: ValidateLeaseResponse) => answers.push(answer));
      call.on('error', reject);
      call.on('end', () => resolve(answers));
      for (const [identifier, tenantId] of asks) call.write({ identifier, tenantId });
      call.end();
    });
  }

  /** Hand-made bytes on a method; one answer of a stream where `isStream`. */
  async raw(method: string, bytes: Buffer, isStream = false): Promise<Buffer> {
    const client = new Client(this.address, this.channel);
    const same = (value: Buffer): Buffer => value;
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        if (!isStream) {
          client.makeUnaryRequest(method, same, same, bytes, this.metadata(), (error, answer) =>
            error ? reject(error) : resolve(answer ?? Buffer.alloc(0)),
          );
          return;
        }
        const call = client.makeBidiStreamRequest(method, same, same, this.metadata());
        call.on('data', (answer: Buffer) => {
          resolve(answer);
          call.end();
        });
        call.on('error', reject);
        call.write(bytes);
      });
    } finally {
      client.close();
    }
  }

  close(): void {
    this.client.close();
  }

  private options(): Options {
    return { deadline: Date.now() + DEADLINE_MS };
  }

  private metadata(): Metadata {
    const metadata = new Metadata();
    if (this.authorization !== undefined) metadata.set('authorization', this.authorization);
    return metadata;
  }
}
