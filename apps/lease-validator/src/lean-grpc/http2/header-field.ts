// A header field, and whether it may stand in a request (RFC 9113, 8.2). Fields of the dynamic table
// are looked at once, not with each request that names them.

/** What a field costs in a table or a list, beside its text (RFC 7541, 4.1). */
const OVERHEAD_BYTES = 32;
/** They speak of a connection of HTTP/1.1, and have no place here. */
const OF_CONNECTIONS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const PSEUDO_NAMES = new Set([':method', ':scheme', ':authority', ':path']);

export interface HeaderField {
  readonly name: string;
  readonly value: string;
  readonly sizeBytes: number;
  readonly isPseudo: boolean;
  /** Whether it may stand in a request's header block. */
  readonly isAllowed: boolean;
}

export function headerField(name: string, value: string): HeaderField {
  const isPseudo = name.startsWith(':');
  return {
    name,
    value,
    sizeBytes: name.length + value.length + OVERHEAD_BYTES,
    isPseudo,
    isAllowed: isValue(value) && (isPseudo ? PSEUDO_NAMES.has(name) : isRegular(name, value)),
  };
}

function isRegular(name: string, value: string): boolean {
  if (!NAME.test(name) || OF_CONNECTIONS.has(name)) return false;
  return name !== 'te' || value === 'trailers';
}

const CONTROLS = /[\0\r\n]|^[ \t]|[ \t]$/;
const isValue = (value: string): boolean => !CONTROLS.test(value);

const STATIC: readonly (readonly [string, string?])[] = [
  [':authority'],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset'],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language'],
  ['accept-ranges'],
  ['accept'],
  ['access-control-allow-origin'],
  ['age'],
  ['allow'],
  ['authorization'],
  ['cache-control'],
  ['content-disposition'],
  ['content-encoding'],
  ['content-language'],
  ['content-length'],
  ['content-location'],
  ['content-range'],
  ['content-type'],
  ['cookie'],
  ['date'],
  ['etag'],
  ['expect'],
  ['expires'],
  ['from'],
  ['host'],
  ['if-match'],
  ['if-modified-since'],
  ['if-none-match'],
  ['if-range'],
  ['if-unmodified-since'],
  ['last-modified'],
  ['link'],
  ['location'],
  ['max-forwards'],
  ['proxy-authenticate'],
  ['proxy-authorization'],
  ['range'],
  ['referer'],
  ['refresh'],
  ['retry-after'],
  ['server'],
  ['set-cookie'],
  ['strict-transport-security'],
  ['transfer-encoding'],
  ['user-agent'],
  ['vary'],
  ['via'],
  ['www-authenticate'],
];

/** The static table of HPACK (RFC 7541, appendix A); its first index is 1. */
export const STATIC_FIELDS: readonly HeaderField[] = STATIC.map(([name, value = '']) =>
  headerField(name, value),
);
