import type { ServerDuplexStream } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall } from '@nestjs/microservices';
import { Admission } from './admission';
import { AnswerStreams } from './answer-stream';
import { stopWhenNobodyWaits, type Call } from './call-limit';
import { questionOf, questionsOf, rpcExceptionOf } from './lease-answer';
import type {
  ValidateLeaseRequest,
  ValidateLeaseResponse,
  ValidateLeasesRequest,
  ValidateLeasesResponse,
} from './lease-answer';
import { LeaseJudge } from './lease-judge';
import type { CallMetadata } from './lean-grpc/call-metadata';

const SERVICE = 'LeaseValidator';

/**
 * US-NUM-002: the door of the hot path. Each call: may the caller ask, what does it ask, what is
 * known, what follows. Where all of that is in memory nothing is waited for.
 */
@Controller()
export class ValidateLeaseGrpc {
  constructor(
    private readonly admission: Admission,
    private readonly judge: LeaseJudge,
    private readonly streams: AnswerStreams,
  ) {}

  @GrpcMethod(SERVICE, 'ValidateLease')
  validateLease(
    request: ValidateLeaseRequest,
    metadata: CallMetadata,
    call: Call,
  ): ValidateLeaseResponse | Promise<ValidateLeaseResponse> {
    return this.admitted(metadata, call, () => this.judge.answer(questionOf(request)));
  }

  @GrpcMethod(SERVICE, 'ValidateLeases')
  validateLeases(
    request: ValidateLeasesRequest,
    metadata: CallMetadata,
    call: Call,
  ): ValidateLeasesResponse | Promise<ValidateLeasesResponse> {
    return this.admitted(metadata, call, () => {
      const responses = this.judge.answerAll(questionsOf(request));
      return responses instanceof Promise
        ? responses.then((all) => ({ responses: all }))
        : { responses };
    });
  }

  @GrpcStreamCall(SERVICE, 'ValidateLeaseStream')
  validateLeaseStream(
    call: ServerDuplexStream<ValidateLeaseRequest, ValidateLeaseResponse>,
  ): Promise<void> {
    return this.streams.answer(call);
  }

  private admitted<T>(metadata: CallMetadata, call: Call, answer: () => T | Promise<T>) {
    try {
      stopWhenNobodyWaits(call);
      const admitted = this.admission.admit(metadata);
      const answered = admitted instanceof Promise ? admitted.then(answer) : answer();
      return answered instanceof Promise ? answered.catch(refuse) : answered;
    } catch (error) {
      return refuse(error);
    }
  }
}

function refuse(error: unknown): never {
  throw rpcExceptionOf(error);
}
