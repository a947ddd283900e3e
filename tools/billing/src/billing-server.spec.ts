import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { BillingBook } from './billing-book.js';
import { createBillingServer } from './billing-server.js';

describe('billing simulator', () => {
  let server: Server;
  let url: string;

  beforeEach(async () => {
    server = createBillingServer(new BillingBook({ calls: 3, decisions: 100, tenants: 100 }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const renew = async (key: string | undefined, tenantId = 't-1', signal?: AbortSignal) => {
    const response = await fetch(`${url}/v1/lease-renewals`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key ? { 'idempotency-key': key } : {}) },
      body: JSON.stringify({ leaseId: 'l-1', tenantId, identifier: '+93790000001' }),
      signal: signal ?? null,
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const tell = (body: unknown) =>
    fetch(`${url}/control`, { method: 'PUT', body: JSON.stringify(body) });
  const calls = async () => (await (await fetch(`${url}/control/calls`)).json()) as unknown[];

  it('approves by default, with a reference', async () => {
    const { status, body } = await renew('k-1');
    expect(status).toBe(200);
    expect(body).toEqual({ approved: true, reference: expect.stringMatching(/^SIM-/) });
  });

  it('answers the same key the same way, whatever it was told since', async () => {
    const first = await renew('k-1');
    await tell({ answer: 'reject' });
    expect(await renew('k-1')).toEqual(first);
    expect((await renew('k-2')).status).toBe(402);
  });

  it('lets the answer of a tenant beat the default', async () => {
    await tell({ answer: 'reject', tenantId: 't-poor' });
    expect(await renew('k-1', 't-poor')).toEqual({
      status: 402,
      body: { approved: false, reason: 'INSUFFICIENT_FUNDS' },
    });
    expect((await renew('k-2', 't-rich')).status).toBe(200);
  });

  it('decides nothing by an error: the same key may be approved later', async () => {
    await tell({ answer: 'error' });
    expect((await renew('k-1')).status).toBe(500);
    await tell({ answer: 'approve' });
    expect((await renew('k-1')).status).toBe(200);
  });

  it('stays silent on timeout and decides nothing', async () => {
    await tell({ answer: 'timeout' });
    await expect(renew('k-1', 't-1', AbortSignal.timeout(150))).rejects.toThrow(/timeout/);
    await tell({ answer: 'approve' });
    expect((await renew('k-1')).status).toBe(200);
    expect(await calls()).toMatchObject([{ answer: 'timeout' }, { answer: 'approve' }]);
  });

  it('loses an approval until it is told otherwise: the same key hears it then', async () => {
    await tell({ answer: 'lost' });
    await expect(renew('k-1', 't-1', AbortSignal.timeout(150))).rejects.toThrow(/timeout/);
    await tell({ answer: 'reject' });
    expect(await renew('k-1')).toMatchObject({ status: 200, body: { approved: true } });
    expect((await renew('k-2')).status).toBe(402);
  });

  it('records who asked what under which key, the newest calls only', async () => {
    for (const key of ['k-1', 'k-2', 'k-3', 'k-4']) await renew(key);
    expect(await calls()).toMatchObject([
      { idempotencyKey: 'k-2', body: { leaseId: 'l-1', tenantId: 't-1' }, answer: 'approve' },
      { idempotencyKey: 'k-3' },
      { idempotencyKey: 'k-4' },
    ]);
  });

  it('refuses a missing key, an unknown answer and a body that is no object', async () => {
    expect((await renew(undefined)).status).toBe(400);
    expect((await tell({ answer: 'maybe' })).status).toBe(422);
    expect((await tell([1])).status).toBe(400);
    expect((await tell({ answer: 'reject', tenantId: 7 })).status).toBe(422);
  });
});
