import { status as GrpcStatus } from '@grpc/grpc-js';
import {
  eventually,
  freePort,
  Line,
  mintToken,
  Suite,
  ValidatorClient,
  type LeaseQuestion,
  type Verdict,
} from '@numbering/testing';
import { AppProcess } from './app-process.fixture';

const SERVICE = 'numbering.v1.LeaseValidator';
const MAX_BATCH = 1_000;
/** What a call may take where no store answers: nobody is kept waiting for nothing. */
const UNAVAILABLE_WITHIN_MS = 3_000;

describe('US-NUM-002 the calls', () => {
  const suite = new Suite();
  const [replica] = suite.stack.apps['lease-validator'];
  const address = replica?.grpc ?? '';
  const client = new ValidatorClient(address, suite.stack.tokens.validator);
  let numbers: string[];
  let tenantId: string;

  beforeAll(async () => {
    const tenant = await suite.tenant('premium');
    tenantId = tenant.id;
    numbers = await suite.numbers(50);
    // Every fifth is the tenant's own.
    for (const number of numbers.filter((_, i) => i % 5 === 0)) {
      await suite.expect(201, tenant.api.on(number, 'reserve'));
      const terms = { tenantId, term: '30d', autoRenew: false };
      await suite.expect(201, tenant.api.on(number, 'lease', terms));
    }
  });
  afterAll(async () => {
    client.close();
    await suite.close();
  });

  const questions = (count: number): LeaseQuestion[] =>
    Array.from({ length: count }, (_, i) => ({
      identifier: i % 3 === 2 ? `+9370${String(i).padStart(7, '0')}` : String(numbers[i % 50]),
      tenantId,
    }));
  const wanted = (count: number): string[] =>
    Array.from({ length: count }, (_, i) => {
      if (i % 3 === 2) return 'NOT_REGISTERED';
      return i % 5 === 0 ? '' : 'NOT_LEASED';
    });
  const reasons = (verdicts: readonly Verdict[]) => verdicts.map(({ reason }) => reason);
  const refused = (call: Promise<unknown>, code: GrpcStatus, details: string | RegExp = '') =>
    expect(call).rejects.toMatchObject({
      code,
      details: typeof details === 'string' ? expect.any(String) : expect.stringMatching(details),
    });

  it('a batch of 1,000 is answered in order, of 1,001 refused, of none empty', async () => {
    expect(reasons(await client.askAll(questions(MAX_BATCH)))).toEqual(wanted(MAX_BATCH));
    await refused(client.askAll(questions(MAX_BATCH + 1)), GrpcStatus.INVALID_ARGUMENT, /1001/);
    expect(await client.askAll([])).toEqual([]);
  });

  it('five streams and batches at once each keep their own order', async () => {
    const all = questions(MAX_BATCH);
    const answers = await Promise.all([
      ...Array.from({ length: 5 }, () => client.askStreamed(all)),
      ...Array.from({ length: 5 }, () => client.askAll(all)),
    ]);
    for (const verdicts of answers) expect(reasons(verdicts)).toEqual(wanted(MAX_BATCH));
  });

  it('a stream whose caller has no more questions gets all its answers, and then the end', async () => {
    const call = client.stream();
    const told: string[] = [];
    call.on('data', ({ reason }: Verdict) => told.push(reason));
    const status = new Promise((resolve) => call.once('status', resolve));
    for (const question of questions(300)) call.write(question);
    call.end();
    expect(await status).toMatchObject({ code: GrpcStatus.OK });
    expect(told).toEqual(wanted(300));
  });

  it('a caller that goes in the middle of a stream harms nobody else', async () => {
    const call = client.stream();
    const ended = new Promise((resolve) => call.once('error', resolve));
    for (const question of questions(500)) call.write(question);
    await new Promise((resolve) => call.once('data', resolve));
    call.cancel();
    expect(await ended).toMatchObject({ code: GrpcStatus.CANCELLED });
    expect(reasons(await client.askStreamed(questions(30)))).toEqual(wanted(30));
  });

  const bad: [string, Partial<LeaseQuestion>][] = [
    ['no identifier', { identifier: '' }],
    ['too few digits', { identifier: '+937900000' }],
    ['too many digits', { identifier: '+9379000000012' }],
    ['two digits', { identifier: '12' }],
    ['another country’s number', { identifier: '+12125550100' }],
    ['NUL', { identifier: 'A\u0000B' }],
    ['an emoji', { identifier: '😀' }],
    ['digits of another script', { identifier: '９３７９００００００１' }],
    ['a space at its end', { identifier: 'Bank ' }],
    ['twelve letters', { identifier: 'TwelveLetter' }],
    ['300 characters', { identifier: 'x'.repeat(300) }],
    ['100,000 characters', { identifier: 'x'.repeat(100_000) }],
    ['no tenant', { tenantId: '' }],
    ['a tenant with NUL', { tenantId: 'a\u0000b' }],
    ['a tenant of 256 characters', { tenantId: 't'.repeat(256) }],
  ];
  it.each(bad)(
    '%s is INVALID_ARGUMENT, in a batch and on a stream with its index',
    async (_, part) => {
      const question = { identifier: String(numbers[0]), tenantId, ...part };
      await refused(
        client.ask(question.identifier, question.tenantId),
        GrpcStatus.INVALID_ARGUMENT,
      );
      const among = [...questions(7), question, ...questions(2)];
      await refused(client.askAll(among), GrpcStatus.INVALID_ARGUMENT, /item 7: /);
      await refused(client.askStreamed(among), GrpcStatus.INVALID_ARGUMENT, /item 7: /);
    },
  );

  it('a message beyond 1 MB is refused, and so are bytes that are no message', async () => {
    await refused(client.ask('x'.repeat(2 ** 21), tenantId), GrpcStatus.RESOURCE_EXHAUSTED);
    const junk = Buffer.from('ffffffffffff', 'hex');
    for (const method of ['ValidateLease', 'ValidateLeases']) {
      await expect(client.raw(`/${SERVICE}/${method}`, junk)).rejects.toThrow();
    }
    const stream = client.raw(`/${SERVICE}/ValidateLeaseStream`, junk, { isStream: true });
    await expect(stream).rejects.toThrow();
    await refused(client.raw(`/${SERVICE}/Nothing`, Buffer.alloc(0)), GrpcStatus.UNIMPLEMENTED);
    expect((await client.ask(String(numbers[0]), tenantId)).valid).toBe(true);
  });

  it('is for tokens with scope numbering:validate; health and reflection are for everybody', async () => {
    const scope = 'numbering:read numbering:write';
    const portal = await mintToken({ tenant: tenantId, sub: 'portal', scope });
    const tokens: [string | undefined, GrpcStatus][] = [
      [undefined, GrpcStatus.UNAUTHENTICATED],
      ['no.token.atall', GrpcStatus.UNAUTHENTICATED],
      [`${suite.stack.tokens.validator.slice(0, -4)}AAAA`, GrpcStatus.UNAUTHENTICATED],
      [portal, GrpcStatus.PERMISSION_DENIED],
    ];
    for (const [token, code] of tokens) {
      const other = new ValidatorClient(address, token);
      await refused(other.ask(String(numbers[0]), tenantId), code);
      await refused(other.askAll(questions(2)), code);
      await refused(other.askStreamed(questions(2)), code);
      other.close();
    }
    const anybody = new ValidatorClient(address);
    const named = Buffer.concat([Buffer.from([0x0a, SERVICE.length]), Buffer.from(SERVICE)]);
    for (const ask of [Buffer.alloc(0), named]) {
      const serving = await anybody.raw('/grpc.health.v1.Health/Check', ask);
      expect([...serving]).toEqual([0x08, 0x01]);
    }
    const list = Buffer.from([0x3a, 0x01, 0x2a]);
    const reflection = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    const listed = await anybody.raw(reflection, list, { isStream: true });
    expect(listed.toString('latin1')).toContain(SERVICE);
    anybody.close();
  });

  it('a deadline that has passed is told as such, and asks no store', async () => {
    const calls = Array.from({ length: 50 }, (_, i) =>
      client.ask(`+9371${String(i).padStart(7, '0')}`, tenantId, -1),
    );
    for (const call of calls) await refused(call, GrpcStatus.DEADLINE_EXCEEDED);
    expect((await client.ask(String(numbers[0]), tenantId)).valid).toBe(true);
  });

  describe('of a validator whose stores go away', () => {
    let lines: Line[];
    let app: AppProcess;
    let its: ValidatorClient;

    beforeAll(async () => {
      const { postgres, redis, identity } = suite.stack.services;
      const [toPostgres, toRedis] = await Promise.all([Line.to(postgres.url), Line.to(redis.url)]);
      lines = [toPostgres.line, toRedis.line];
      const grpcPort = await freePort();
      app = new AppProcess('lease-validator', await freePort(), {
        DATABASE_URL: toPostgres.url,
        REDIS_URL: toRedis.url,
        JWKS_URL: `${identity.url}/.well-known/jwks.json`,
        JWT_ISSUER: 'http://numbering.local/identity',
        JWT_AUDIENCE: 'numbering',
        GRPC_PORT: `${grpcPort}`,
      });
      await app.start();
      its = new ValidatorClient(`127.0.0.1:${grpcPort}`, suite.stack.tokens.validator);
    });
    afterAll(async () => {
      its.close();
      await app.kill();
      for (const line of lines) await line.close();
    });

    const answers = () =>
      eventually(
        async () => expect((await its.ask(String(numbers[0]), tenantId)).valid).toBe(true),
        { withinMs: 15_000 },
      );

    it.each(['frozen', 'cut'] as const)(
      'both %s: UNAVAILABLE in time on every call, never a guess',
      async (how) => {
        await answers();
        for (const line of lines) how === 'cut' ? line.cut() : line.freeze();
        // What the last heartbeat vouched for may still answer, for less than a second.
        await eventually(() =>
          refused(its.ask(String(numbers[0]), tenantId), GrpcStatus.UNAVAILABLE),
        );
        for (const ask of [
          () => its.ask(String(numbers[1]), tenantId),
          () => its.askAll(questions(100)),
          () => its.askStreamed(questions(3)),
        ]) {
          const beganAtMs = performance.now();
          await refused(ask(), GrpcStatus.UNAVAILABLE);
          expect(performance.now() - beganAtMs).toBeLessThan(UNAVAILABLE_WITHIN_MS);
        }
        // Whoever waits less long is told so, however many there are, and nothing piles up behind them.
        const hasty = await Promise.allSettled(
          Array.from({ length: 500 }, (_, i) =>
            its.ask(`+9372${String(i).padStart(7, '0')}`, tenantId, 50),
          ),
        );
        const codes = hasty.map((each) =>
          each.status === 'rejected' ? each.reason.code : 'answered',
        );
        const may = [GrpcStatus.UNAVAILABLE, GrpcStatus.DEADLINE_EXCEEDED];
        expect(codes.filter((code) => !may.includes(code))).toEqual([]);
        for (const line of lines) line.restore();
        await answers();
      },
    );

    it('SIGTERM: open streams are told to go on elsewhere, calls under way are answered, exit 0', async () => {
      await answers();
      const call = its.stream();
      const told = new Promise((resolve) => call.once('error', resolve));
      call.write({ identifier: String(numbers[0]), tenantId });
      await new Promise((resolve) => call.once('data', resolve));
      const underWay = its.askAll(questions(MAX_BATCH));
      const exit = app.terminate();
      expect(await told).toMatchObject({ code: GrpcStatus.UNAVAILABLE });
      const outcome = await underWay.then(reasons, ({ code }: { code: GrpcStatus }) => code);
      expect([GrpcStatus.UNAVAILABLE, wanted(MAX_BATCH)]).toContainEqual(outcome);
      expect(await exit).toBe(0);
      await refused(its.ask(String(numbers[0]), tenantId, 500), GrpcStatus.UNAVAILABLE);
    });
  });
});
