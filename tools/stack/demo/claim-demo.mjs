import { tenantSubject } from '../run/tokens.mjs';
import { alphaIds, claims, demoTenants, shortCodes } from './demo-plan.mjs';

/** Done already by a load that was interrupted. */
const conflict = 409;
const retiredCount = 3;

/**
 * Claims numbers for the demo tenants, some in every state. Which numbers is fixed, so that a
 * second load meets what the first has claimed instead of claiming more. Returns how many.
 *
 * @param {string[]} numbers a block that was imported
 */
export async function claimDemoNumbers(api, tokens, numbers) {
  const free = [...numbers];
  const vanity = shortCodes().filter(({ vanityEligible }) => vanityEligible);
  const plain = shortCodes().filter(({ vanityEligible }) => !vanityEligible);
  const alphas = alphaIds().map(({ identifier }) => identifier);
  let claimed = 0;
  for (const [index, { id }] of demoTenants.entries()) {
    const act = actsOf(api, tokens.tenants[id], id);
    for (const { count, steps } of claims) {
      for (let i = 0; i < count; i += 1) {
        await runSteps(act, steps, free.shift());
        claimed += 1;
      }
    }
    await runSteps(act, ['reserve', 'lease'], plain[index].identifier);
    await runSteps(act, ['reserve', 'lease'], alphas[index]);
    await runSteps(act, ['reserve', 'hold'], alphas[demoTenants.length + index]);
    claimed += 3;
  }
  claimed += await leaseVanity(api, tokens, vanity);
  await retire(api, free.splice(0, retiredCount));
  return claimed;
}

/** A vanity code for the largest plan: the others have their one short code already. */
async function leaseVanity(api, tokens, vanity) {
  const { id } = demoTenants.at(-1);
  const act = actsOf(api, tokens.tenants[id], id);
  await act.reserve(vanity[0].identifier);
  await act.leaseVanity(vanity[0].identifier);
  return 1;
}

async function retire(api, identifiers) {
  for (const identifier of identifiers) {
    const path = `/v1/admin/numbers/${encodeURIComponent(identifier)}/retire`;
    const body = { reason: 'OPERATOR_WITHDRAWAL' };
    await api.post(path, body, { key: `retire-${identifier}`, accept: [conflict] });
  }
}

async function runSteps(act, steps, identifier) {
  for (const step of steps) await act[step](identifier);
}

function actsOf(api, token, tenantId) {
  const number = (identifier) => `/v1/numbers/${encodeURIComponent(identifier)}`;
  const own = (step, body) => (identifier) =>
    api.post(`${number(identifier)}/${step}`, body, {
      ...{ token, key: `${step}-${identifier}`, accept: [conflict] },
    });
  const lease = { tenantId, term: '90d', autoRenew: true };
  const recall = { reason: 'TENANT_REQUEST', actorId: tenantSubject(tenantId) };
  return {
    reserve: own('reserve', {}),
    hold: own('hold', {}),
    release: own('release', {}),
    lease: own('lease', lease),
    leaseVanity: own('lease', { ...lease, term: '1y', vanityFlag: true }),
    recall: own('recall', recall),
    suspend: (identifier) =>
      api.post(
        `/v1/admin/numbers/${encodeURIComponent(identifier)}/suspend`,
        { reason: 'demo of a suspended lease' },
        { key: `suspend-${identifier}`, accept: [conflict] },
      ),
  };
}
