import { tenantSubject } from './tokens.mjs';

const walkTenant = 'demo-business';

/**
 * One number's whole life as lines for a shell: reserve, hold, lease, validate, recall, history. It
 * takes a number of its own each time, so that it can be copied again.
 */
export function describeWalk({ apps, tokens }) {
  if (!tokens.admin) return [];
  const api = apps['inventory-api'][0].url;
  const known = tokens.tenants[walkTenant];
  const tenant = known ? walkTenant : 'walk-tenant';
  const token =
    known ??
    `$(npm run --silent numbering -- token --tenant ${tenant} --sub ${tenantSubject(tenant)}` +
      ' --scope "numbering:read numbering:write")';
  const call = (method, path, body) =>
    [
      `curl -sS -X ${method} "$API/v1/numbers/$N${path}" -H "authorization: Bearer $T"`,
      ...(body ? [`-H 'content-type: application/json' -d '${JSON.stringify(body)}'`] : []),
    ].join(' ') + '; echo';
  const lease = { tenantId: tenant, term: '30d', autoRenew: false };
  const recall = { reason: 'TENANT_REQUEST', actorId: tenantSubject(tenant) };
  return [
    'One walk to copy, in this folder:',
    `  API=${api}`,
    `  T=${token}`,
    ...registerNumber(tokens.admin),
    `  ${call('POST', '/reserve', {})}`,
    `  ${call('POST', '/hold', {})}`,
    `  ${call('POST', '/lease', lease)}`,
    `  npm run --silent numbering -- validate $N ${tenant}`,
    `  ${call('POST', '/recall', recall)}`,
    `  npm run --silent numbering -- validate $N ${tenant}`,
    `  ${call('GET', '/history')}`,
  ];
}

/** A number of the walk's own, named after the second. */
function registerNumber(admin) {
  return [
    `  A=${admin}`,
    "  N=9379$(date +%s | sed 's/.*\\(.......\\)$/\\1/')",
    '  curl -sS -X POST "$API/v1/admin/numbering/identifiers" -H "authorization: Bearer $A"' +
      " -H 'content-type: application/json'" +
      ' -d "{\\"identifiers\\":[{\\"identifier\\":\\"+$N\\"}]}"; echo',
  ];
}
