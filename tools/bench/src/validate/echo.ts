// The limit: a bare grpc-js server that answers every ValidateLease alike and does nothing else.
import { Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js';
import type { Verdict } from '@numbering/testing';
import { leaseValidator } from './messages';
import { ECHO_ANSWER } from './workload';

const server = new Server();
const { ValidateLease } = leaseValidator();
server.addService(
  { ValidateLease },
  {
    ValidateLease: (_: unknown, answer: sendUnaryData<Verdict>) => answer(null, ECHO_ANSWER),
  },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send?.({ port });
});
process.on('disconnect', () => process.exit());
