import { Suite, mintToken } from '@numbering/testing';

describe('US-NUM-006 quarantine', () => {
  const suite = new Suite();
  afterAll(() => suite.close());

  it('is ended early by an officer with a reason, and not for the tenant that was recalled', async () => {
    const [tenant, next] = [await suite.tenant(), await suite.tenant()];
    const [number = ''] = await suite.numbers();
    const route = `/v1/admin/numbers/${encodeURIComponent(number)}/quarantine/release`;
    await suite.expect(201, tenant.api.on(number, 'reserve'));
    const terms = { tenantId: tenant.id, term: '30d', autoRenew: false };
    await suite.expect(201, tenant.api.on(number, 'lease', terms));
    await suite.expect(
      200,
      tenant.api.on(number, 'recall', { reason: 'TENANT_REQUEST', actorId: tenant.sub }),
    );
    const scope = 'numbering:read numbering:compliance';
    const officer = suite.caller(await mintToken({ sub: 'officer-1', scope }));
    const blank = await officer.post(route, { justification: 'too short' });
    expect([blank.status, blank.body.code]).toEqual([422, 'JUSTIFICATION_REQUIRED']);
    const released = await suite.expect(
      200,
      officer.post(route, { justification: 'wrongly recalled' }),
    );
    expect(released).toMatchObject({ identifier: number, state: 'AVAILABLE' });
    const self = await tenant.api.on(number, 'reserve');
    expect([self.status, self.body.code]).toEqual([403, 'SELF_BYPASS_FORBIDDEN']);
    await suite.expect(201, next.api.on(number, 'reserve'));
    expect(
      await suite.sql(
        `SELECT admin_id, justification, recalled_tenant_id FROM numbering.quarantine_overrides
        WHERE identifier = $1`,
        [number],
      ),
    ).toEqual([
      { admin_id: 'officer-1', justification: 'wrongly recalled', recalled_tenant_id: tenant.id },
    ]);
  });
});
