import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface Verdict {
  valid: boolean;
  reason: string;
  leaseId: string;
}

const DEADLINE_MS = 5_000;

interface CallClient extends grpc.Client {
  validateLease(
    ask: { identifier: string; tenantId: string },
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    done: (error: grpc.ServiceError | null, verdict: Verdict) => void,
  ): void;
}

/** An orchestrator's client of one validator. */
export class ValidatorClient {
  private readonly client: CallClient;
  private readonly metadata = new grpc.Metadata();

  constructor(address: string, token: string) {
    const definition = loadSync('numbering/v1/lease_validator.proto', {
      includeDirs: [path.resolve('libs/contracts/proto')],
      defaults: true,
    });
    const { numbering } = grpc.loadPackageDefinition(definition) as unknown as {
      numbering: { v1: { LeaseValidator: grpc.ServiceClientConstructor } };
    };
    const { LeaseValidator } = numbering.v1;
    this.client = new LeaseValidator(
      address,
      grpc.credentials.createInsecure(),
    ) as unknown as CallClient;
    this.metadata.set('authorization', `Bearer ${token}`);
  }

  ask(identifier: string, tenantId: string): Promise<Verdict> {
    const options = { deadline: Date.now() + DEADLINE_MS };
    return new Promise((resolve, reject) => {
      this.client.validateLease(
        { identifier, tenantId },
        this.metadata,
        options,
        (error, verdict) => (error ? reject(error) : resolve(verdict)),
      );
    });
  }

  close(): void {
    this.client.close();
  }
}
