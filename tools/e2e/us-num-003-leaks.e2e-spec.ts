import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import {
  eventually,
  Suite,
  ValidatorClient,
  type Answer,
  type TestTenant,
} from '@numbering/testing';

const STATES = ['RESERVED', 'HELD', 'LEASED', 'SUSPENDED', 'QUARANTINE'] as const;
type State = (typeof STATES)[number];

/** Calls of each kind whose times are compared; one of each in turn, so that both meet the same machine. */
const TIMED_CALLS = 120;
/** Told apart it would be by a statement more or less, of which a refusal has a handful. */
const SAME_WITHIN = 2;

describe('US-NUM-003 what another tenant has stays its secret', () => {
  const suite = new Suite();
  const [replica] = suite.stack.apps['lease-validator'];
  const client = new ValidatorClient(replica?.grpc ?? '', suite.stack.tokens.validator);
  let holder: TestTenant;
  let curious: TestTenant;
  const numbers = {} as Record<State, string>;
  /** What must not reach anybody but the holder. */
  const secrets = new Set<string>();

  beforeAll(async () => {
    holder = await suite.tenant();
    curious = await suite.tenant(
      'business',
      'numbering:read numbering:write numbering:lease:bypass',
    );
    const made = await suite.numbers(STATES.length);
    STATES.forEach((state, i) => (numbers[state] = made[i] ?? ''));
    const terms = { tenantId: holder.id, term: '30d', autoRenew: true };
    const id = (number: string) => encodeURIComponent(number);
    const requestId = `request-of-${holder.id}`;
    const as = { 'x-request-id': requestId };
    for (const number of made)
      keep(await suite.expect(201, holder.api.on(number, 'reserve', {}, as)));
    keep(await suite.expect(200, holder.api.on(numbers.HELD, 'hold', {}, as)));
    for (const state of ['LEASED', 'SUSPENDED', 'QUARANTINE'] as const) {
      const key = { ...as, 'idempotency-key': 'the-holders-key' + state };
      keep(await suite.expect(201, holder.api.on(numbers[state], 'lease', terms, key)));
    }
    const why = { reason: `why ${holder.id}`, ticketId: `T-${holder.id}` };
    await suite.expect(
      200,
      suite.admin.post(`/v1/admin/numbers/${id(numbers.SUSPENDED)}/suspend`, why),
    );
    const recall = { reason: 'ABUSE', actorId: suite.adminSub, ticketId: `T-${holder.id}` };
    await suite.expect(200, suite.admin.on(numbers.QUARANTINE, 'recall', recall));
    for (const secret of [holder.id, holder.sub, requestId]) secrets.add(secret);
  });
  afterAll(async () => {
    client.close();
    await suite.close();
  });

  /** The ids and times of an answer to the holder. */
  function keep(answer: Record<string, unknown>): void {
    for (const name of ['leaseId', 'expiresAt', 'effectiveFrom', 'effectiveUntil']) {
      if (answer[name] !== undefined) secrets.add(String(answer[name]));
    }
  }

  /** Everything of an answer that a client could write into its log. */
  const shown = ({ status, headers, body }: Answer): string =>
    JSON.stringify({ status, headers: [...headers], body });
  const expectNoSecret = (text: string): void => {
    expect([...secrets].filter((secret) => text.includes(secret))).toEqual([]);
  };

  it.each(STATES)(
    'a number that is %s: no call of another tenant tells whose or until when',
    async (state) => {
      const { api, id, sub } = curious;
      const number = numbers[state];
      const at = `/v1/numbers/${encodeURIComponent(number)}`;
      const terms = { tenantId: id, term: '30d', autoRenew: false };
      const key = () => ({ 'idempotency-key': randomUUID() });
      const once = key();
      const theirs = { 'idempotency-key': 'the-holders-key' + state };
      const admin = `/v1/admin/numbers/${encodeURIComponent(number)}`;
      const answers = [
        await api.get(at),
        await api.get(`${at}/history`),
        await api.get(`${at}/history?tenantId=${holder.id}`),
        await api.get('/v1/numbers'),
        await api.get(`/v1/numbers?tenantId=${holder.id}`),
        await api.get('/v1/quotas'),
        await api.get('/v1/numbers/available?identifierClass=MSISDN&limit=200'),
        await api.on(number, 'reserve'),
        await api.on(number, 'reserve', {}, once),
        await api.on(number, 'reserve', {}, once),
        await api.on(number, 'hold', {}, key()),
        await api.on(number, 'release'),
        await api.on(number, 'lease', terms),
        await api.on(number, 'lease', terms, theirs),
        await api.on(number, 'lease', { ...terms, vanityFlag: true, term: '1y' }),
        await api.on(number, 'recall', { reason: 'TENANT_REQUEST', actorId: sub }),
        await api.on(number, 'recall', { reason: 'ABUSE', actorId: sub, ticketId: 'T-1' }),
        await api.post('/v1/numbers/reservations', { identifiers: [number] }),
        await api.post('/v1/numbers/reservations', { identifiers: [number], atomic: true }),
        await api.get(`${admin}/history`),
        await api.post(`${admin}/suspend`, { reason: 'curious' }),
        await suite.caller().get(at),
      ];
      const asHolder = [
        await api.on(number, 'lease', { ...terms, tenantId: holder.id }),
        await api.on(number, 'release', { tenantId: holder.id }),
      ];
      for (const answer of answers) expectNoSecret(shown(answer));
      for (const answer of asHolder) {
        expect([answer.status, answer.body.code]).toEqual([403, 'TENANT_MISMATCH']);
        expectNoSecret(shown(answer));
      }
      expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    },
  );

  it('lists nothing of the holder’s to anybody else, with its own cursor neither', async () => {
    const first = await suite.expect(200, holder.api.get('/v1/numbers?limit=1'));
    expect((first.items as { tenantId: string }[])[0]?.tenantId).toBe(holder.id);
    const page = encodeURIComponent(String(first.nextPage));
    const stolen = await curious.api.get(`/v1/numbers?limit=1&page=${page}`);
    expect([stolen.status, stolen.body.code]).toEqual([400, 'INVALID_CURSOR']);
    expectNoSecret(shown(stolen));
    expect((await suite.expect(200, curious.api.get('/v1/numbers'))).items).toEqual([]);
  });

  it('shows a tenant the rows of its own claims alone, where the number is another’s now', async () => {
    const [number = ''] = await suite.numbers();
    await suite.expect(201, curious.api.on(number, 'reserve'));
    await suite.expect(200, curious.api.on(number, 'release'));
    keep(await suite.expect(201, holder.api.on(number, 'reserve')));
    const seen = await curious.api.get(`/v1/numbers/${encodeURIComponent(number)}/history`);
    expectNoSecret(shown(seen));
    const actions = (seen.body.items as { action: string }[]).map(({ action }) => action);
    expect(actions).toEqual(['RESERVE', 'RELEASE']);
  });

  it.each(STATES)(
    'a number that is %s: gRPC has the reason alone, in answer, metadata and trailers',
    async (state) => {
      const asked = { identifier: numbers[state], tenantId: curious.id };
      const verdict = await eventually(async () => {
        const told = await client.ask(asked.identifier, asked.tenantId);
        expect(told.reason).toBe(state === 'QUARANTINE' ? 'LEASE_RECALLED' : 'WRONG_TENANT');
        return told;
      });
      const nothing = { valid: false, leaseId: '', effectiveUntil: null, graceUntil: null };
      expect(verdict).toEqual({ ...nothing, reason: verdict.reason });
      expect(await client.askAll([asked])).toEqual([verdict]);
      const call = client.stream();
      const heard: unknown[] = [];
      call.on('metadata', (metadata: grpc.Metadata) => heard.push(metadata.getMap()));
      const status = new Promise<grpc.StatusObject>((resolve) => call.once('status', resolve));
      call.on('data', (answer) => heard.push(answer));
      call.write(asked);
      call.end();
      const { code, details, metadata } = await status;
      heard.push(details, metadata.getMap());
      expect(code).toBe(grpc.status.OK);
      expect(heard).toContainEqual(verdict);
      expectNoSecret(JSON.stringify(heard));
    },
  );

  it('the command line of a curious tenant prints nothing of it either', async () => {
    const main = path.resolve('dist/tools/cli/main.js');
    const home = path.dirname(process.env.STACK_JSON ?? '');
    const printed = await new Promise<string>((resolve) => {
      execFile(
        process.execPath,
        [main, 'validate', numbers.LEASED, curious.id],
        { env: { ...process.env, NUMBERING_HOME: home } },
        (_, stdout, stderr) => resolve(stdout + stderr),
      );
    });
    expect(printed).toContain('WRONG_TENANT');
    expectNoSecret(printed);
  });

  it('takes the same time to refuse, whoever it is that has the number', async () => {
    const another = await suite.tenant();
    const [number = ''] = await suite.numbers();
    await suite.expect(201, another.api.on(number, 'reserve'));
    const ask = { tenantId: curious.id, term: '30d', autoRenew: false };
    const ways: ((number: string) => Promise<unknown>)[] = [
      (one) => curious.api.get(`/v1/numbers/${encodeURIComponent(one)}`),
      (one) => curious.api.on(one, 'lease', ask),
      (one) => client.ask(one, curious.id),
    ];
    for (const call of ways) {
      const timesMs: [number[], number[]] = [[], []];
      for (let round = 0; round < TIMED_CALLS; round++) {
        for (const [i, one] of [numbers.RESERVED, number].entries()) {
          const beganAtMs = performance.now();
          await call(one);
          timesMs[i]?.push(performance.now() - beganAtMs);
        }
      }
      const [one = 0, other = 0] = timesMs.map(median);
      expect(Math.max(one, other) / Math.min(one, other)).toBeLessThan(SAME_WITHIN);
    }
  });
});

const median = (all: number[]): number =>
  all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
