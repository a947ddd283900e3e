import { Server, ServerCredentials, status, type sendUnaryData } from '@grpc/grpc-js';
import type { LeaseQuestion, Verdict } from '@numbering/testing';
import { WrongAnswer } from '../benchmark';
import { leaseValidator, prefixed } from '../validate/messages';
import { caseOf, WARM_NUMBERS } from '../validate/questions';
import { WORKLOADS, type Workload } from '../validate/workload';
import { GrpcLoad, type Load } from './grpc-load';

const service = leaseValidator();
const CLOSED: Load = { callers: 16, seconds: 0.3 };

/** What the ledger says of each question, by its number. */
const rightAnswer = ({ identifier }: LeaseQuestion): Verdict =>
  caseOf(Number(identifier.slice('+9379'.length))).answer;

/** Answers calls so far; the nth by `answer`. */
async function serve(
  answer: (question: LeaseQuestion, nth: number, done: sendUnaryData<Verdict>) => void,
) {
  let calls = 0;
  const server = new Server();
  server.addService(service, {
    ValidateLease: ({ request }: { request: LeaseQuestion }, done: sendUnaryData<Verdict>) =>
      answer(request, ++calls, done),
    ValidateLeases: (
      { request }: { request: { requests: LeaseQuestion[] } },
      done: sendUnaryData<{ responses: Verdict[] }>,
    ) => {
      calls++;
      done(null, { responses: request.requests.map(rightAnswer) });
    },
    ValidateLeaseStream: () => undefined,
  });
  return { server, address: `127.0.0.1:${await bound(server)}`, calls: () => calls };
}

const bound = (server: Server): Promise<number> =>
  new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );

describe('callers of a benchmark', () => {
  const opened: { close: () => void }[] = [];
  afterEach(() => {
    for (const each of opened.splice(0)) each.close();
  });

  async function ask(
    answer: Parameters<typeof serve>[0],
    { load = CLOSED, workload = 'warm' as Workload } = {},
  ) {
    const { server, address, calls } = await serve(answer);
    opened.push({ close: () => server.forceShutdown() });
    const { method, calls: asked } = WORKLOADS[workload];
    const callers = await GrpcLoad.open({ address, method, token: 'a.b.c' }, asked());
    opened.push(callers);
    return { report: await callers.run(load), calls: calls(), callers, server };
  }

  it('take right answers, each of which the server has given', async () => {
    const { report, calls } = await ask((question, _, done) => done(null, rightAnswer(question)));
    expect(report.calls).toBeGreaterThan(0);
    // Those that come after the end are checked and not counted: at most one a caller.
    expect(calls - report.calls).toBeLessThanOrEqual(16);
    expect(report.p50Ms).toBeGreaterThan(0);
    expect(report.p99Ms).toBeGreaterThanOrEqual(report.p50Ms);
  });

  it.each(['valid', 'reason', 'leaseId', 'effectiveUntil'] as const)(
    'end the run at one answer of a hundred whose %s is wrong',
    async (member) => {
      const wrong = { valid: true, reason: 'X', leaseId: 'X', effectiveUntil: null };
      const asked = ask((question, nth, done) => {
        const right = rightAnswer(question);
        const isTurned = nth % 100 === 0;
        const changed = { ...right, [member]: member === 'valid' ? !right.valid : wrong[member] };
        if (member === 'effectiveUntil') changed.effectiveUntil = { seconds: 1, nanos: nth };
        done(null, isTurned ? changed : right);
      });
      await expect(asked).rejects.toThrow(WrongAnswer);
      await expect(asked).rejects.toThrow(/was answered .* instead of/);
    },
  );

  it('end the run at an answer that is wrong only after it was right', async () => {
    const rounds = Math.ceil(WARM_NUMBERS * 1.5);
    const asked = ask(
      (question, nth, done) =>
        done(
          null,
          nth < rounds ? rightAnswer(question) : { ...rightAnswer(question), leaseId: 'X' },
        ),
      { load: { callers: 64, seconds: 30 } },
    );
    await expect(asked).rejects.toThrow(/instead of/);
  });

  it('end the run at a status that is not OK, and say which', async () => {
    const asked = ask((question, nth, done) =>
      nth % 100 === 0
        ? done({ code: status.UNAVAILABLE, details: 'no store' })
        : done(null, rightAnswer(question)),
    );
    await expect(asked).rejects.toThrow(WrongAnswer);
    await expect(asked).rejects.toThrow('gRPC status 14: no store');
  });

  it('end the run when the server hangs up', async () => {
    let shutdown = (): void => undefined;
    const { server, address } = await serve((question, nth, done) => {
      if (nth === 100) shutdown();
      else done(null, rightAnswer(question));
    });
    shutdown = () => server.forceShutdown();
    const { method, calls } = WORKLOADS.warm;
    const callers = await GrpcLoad.open({ address, method }, calls());
    opened.push(callers);
    await expect(callers.run({ callers: 16, seconds: 30 })).rejects.toThrow();
  });

  it('take batches, each of their answers right', async () => {
    const { report } = await ask(() => undefined, { workload: 'batches' });
    expect(report.calls).toBeGreaterThan(0);
  });

  it('read messages of many frames, far beyond the window that a server has at first', async () => {
    const megabytes = 40;
    const large = Buffer.alloc(1_000_000, 'numbering');
    const server = new Server();
    const same = (bytes: Buffer): Buffer => bytes;
    const method = {
      ...{ path: '/bench.Large/Get', requestStream: false, responseStream: false },
      ...{ requestSerialize: same, requestDeserialize: same },
      ...{ responseSerialize: same, responseDeserialize: same },
    };
    server.addService(
      { get: method },
      { get: (_: unknown, done: sendUnaryData<Buffer>) => done(null, large) },
    );
    opened.push({ close: () => server.forceShutdown() });
    const port = await bound(server);
    let seen = 0;
    const callers = await GrpcLoad.open(
      { address: `127.0.0.1:${port}`, method: method.path },
      {
        requestOf: () => prefixed(Buffer.from('x')),
        check: (_, bytes, from, to) => {
          if (large.compare(bytes, from, to) !== 0) throw new WrongAnswer('other bytes');
          seen++;
        },
      },
    );
    opened.push(callers);
    await callers.run({ ratePerSecond: megabytes, seconds: 1 });
    expect(seen).toBe(megabytes);
  });

  it('call at their rate whatever the answers take, and count from when a call was due', async () => {
    const held: (() => void)[] = [];
    const ratePerSecond = 200;
    const { report } = await ask(
      (question, nth, done) => {
        const give = (): void => done(null, rightAnswer(question));
        // Half of a second's calls wait until the last of them has come.
        if (nth <= 50) held.push(give);
        else give();
        if (nth === 100) held.forEach((each) => each());
      },
      { load: { ratePerSecond, seconds: 0.5 } },
    );
    expect(report.calls).toBe(100);
    // The first waited for the last, which was due 99 intervals later.
    expect(report.maxMs).toBeGreaterThanOrEqual((99 * 1_000) / ratePerSecond);
  });
});
