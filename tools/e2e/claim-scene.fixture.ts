import { Suite, type Answer, type TestTenant } from '@numbering/testing';

/** How a number may stand when somebody reserves, holds or releases it. */
export const SCENES = [
  'AVAILABLE',
  'RESERVED',
  'HELD',
  'LEASED',
  'SUSPENDED',
  'QUARANTINE',
  'RETIRED',
  'not yet valid',
  'a reservation that has lapsed',
  'a hold that has lapsed',
  'a cool-down that is over',
  'a cool-down ended by an admin',
] as const;
export type Scene = (typeof SCENES)[number];

/** A number in its scene, with the times that answers about it carry. */
export interface Staged {
  number: string;
  leaseId?: string;
  availableAt?: string;
  validFrom?: string;
}

const DAY_MS = 86_400_000;
/** What one registration takes. */
const NUMBERS_AT_ONCE = 200;

/** Puts numbers into scenes through the API, all of them one tenant's where they are somebody's. */
export class ClaimStage {
  readonly suite = new Suite();
  holder: TestTenant;
  other: TestTenant;
  private free: string[] = [];

  async open(): Promise<void> {
    this.holder = await this.suite.tenant('enterprise');
    this.other = await this.suite.tenant('enterprise');
    this.free = await this.suite.numbers(NUMBERS_AT_ONCE);
  }

  close(): Promise<void> {
    return this.suite.close();
  }

  async put(scene: Scene): Promise<Staged> {
    if (scene === 'not yet valid') return this.future();
    const number = this.free.pop();
    if (number === undefined) throw new Error(`more than ${NUMBERS_AT_ONCE} numbers are staged`);
    switch (scene) {
      case 'AVAILABLE':
        return { number };
      case 'RESERVED':
        return this.reserved(number);
      case 'HELD':
        return this.held(number);
      case 'LEASED':
        return this.leased(number);
      case 'SUSPENDED':
        await this.leased(number);
        return this.byAdmin(number, 'suspend');
      case 'QUARANTINE':
        return this.recalled(number);
      case 'RETIRED':
        return this.byAdmin(number, 'retire');
      case 'a reservation that has lapsed':
        return this.lapsed(await this.reserved(number));
      case 'a hold that has lapsed':
        return this.lapsed(await this.held(number));
      case 'a cool-down that is over':
        return this.cooledDown(await this.recalled(number));
      case 'a cool-down ended by an admin':
        return this.overridden(await this.recalled(number));
    }
  }

  private async future(): Promise<Staged> {
    const validFrom = new Date(Date.now() + DAY_MS).toISOString();
    const [number = ''] = await this.suite.numbers(1, { validFrom });
    return { number, validFrom };
  }

  private async reserved(number: string): Promise<Staged> {
    const { leaseId } = await this.suite.expect(201, this.holder.api.on(number, 'reserve'));
    return { number, leaseId: String(leaseId) };
  }

  private async held(number: string): Promise<Staged> {
    const staged = await this.reserved(number);
    await this.suite.expect(200, this.holder.api.on(number, 'hold'));
    return staged;
  }

  private async leased(number: string): Promise<Staged> {
    const staged = await this.reserved(number);
    const terms = { tenantId: this.holder.id, term: '30d', autoRenew: false };
    await this.suite.expect(201, this.holder.api.on(number, 'lease', terms));
    return staged;
  }

  private async recalled(number: string): Promise<Staged> {
    await this.leased(number);
    const ask = { reason: 'TENANT_REQUEST', actorId: this.holder.sub };
    const { availableAt } = await this.suite.expect(200, this.holder.api.on(number, 'recall', ask));
    return { number, availableAt: String(availableAt) };
  }

  private async byAdmin(number: string, act: 'suspend' | 'retire'): Promise<Staged> {
    const path = `/v1/admin/numbers/${encodeURIComponent(number)}/${act}`;
    await this.suite.expect(200, this.suite.admin.post(path, { reason: 'a test' }));
    return { number };
  }

  /** The owner of the database may set any end. */
  private async lapsed(staged: Staged): Promise<Staged> {
    await this.suite.sql(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() - interval '1 second'
        WHERE lease_id = $1`,
      [staged.leaseId],
    );
    return staged;
  }

  private async cooledDown({ number }: Staged): Promise<Staged> {
    await this.suite.sql(
      `WITH moved AS (
         UPDATE numbering.identifiers SET available_at = clock_timestamp() WHERE identifier = $1
       )
       UPDATE numbering.recall_bars SET until = clock_timestamp() WHERE identifier = $1`,
      [number],
    );
    return { number };
  }

  private async overridden(staged: Staged): Promise<Staged> {
    const path = `/v1/admin/numbers/${encodeURIComponent(staged.number)}/quarantine/release`;
    await this.suite.expect(
      200,
      this.suite.admin.post(path, { justification: 'asked for by a test' }),
    );
    return staged;
  }
}

/** Who asks: two tenants, and an admin for either of them or for none. */
export const ASKERS = [
  ['its tenant', 'own'],
  ['an admin for its tenant', 'own'],
  ['another tenant', 'anothers'],
  ['an admin for another tenant', 'anothers'],
  ['an admin for nobody', 'nobodys'],
] as const;
export type Asker = (typeof ASKERS)[number][0];

export function ask(
  { suite, holder, other }: ClaimStage,
  asker: Asker,
  number: string,
  command: 'reserve' | 'hold' | 'release',
): Promise<Answer> {
  switch (asker) {
    case 'its tenant':
      return holder.api.on(number, command);
    case 'another tenant':
      return other.api.on(number, command);
    case 'an admin for its tenant':
      return suite.admin.on(number, command, { tenantId: holder.id });
    case 'an admin for another tenant':
      return suite.admin.on(number, command, { tenantId: other.id });
    case 'an admin for nobody':
      return suite.admin.on(number, command);
  }
}

/** An answer without what is only for its reader: every other member is named by the contract. */
export function told({ status, body }: Answer): Record<string, unknown> {
  const { type, title, detail, instance, ...members } = body;
  if (status < 300) return { ...members, status };
  for (const text of [type, title, detail, instance]) expect(text).toEqual(expect.any(String));
  return members;
}
