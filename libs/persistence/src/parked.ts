import { Client } from 'pg';

/** A key whose events wait because Kafka refused one of them for its content. */
export interface ParkedKey {
  key: string;
  /** Of the refused event. */
  topic: string;
  /** What Kafka said. */
  reason: string;
  parkedAt: Date;
  /** Unsent events of the key, the refused one among them. */
  waiting: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;
/** Shown at once; a list longer than this has one cause, which its head tells. */
const MAX_LISTED_KEYS = 1_000;

/** The parked keys, the longest parked first; at most 1,000. */
export const listParked = (databaseUrl: string): Promise<ParkedKey[]> =>
  withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<ParkedKey>(
      `
      SELECT parked.key,
             parked.topic,
             parked.park_reason AS reason,
             parked.parked_at AS "parkedAt",
             (SELECT count(*)::int
                FROM numbering.outbox waiting
               WHERE waiting.sent_at IS NULL
                 AND waiting.topic IS NOT NULL
                 AND waiting.key = parked.key) AS waiting
        FROM numbering.outbox parked
       WHERE parked.parked_at IS NOT NULL
         AND parked.sent_at IS NULL
       ORDER BY parked.parked_at, parked.id
       LIMIT $1`,
      [MAX_LISTED_KEYS],
    );
    return rows;
  });

/**
 * Lets the relay try again, one key or all of them: after the broker's limit was raised, say.
 * What is refused once more is parked once more.
 * @returns how many refused events were freed
 */
export const retryParked = (databaseUrl: string, key?: string): Promise<number> =>
  withClient(databaseUrl, async (client) => {
    const { rowCount } = await client.query(
      `
      UPDATE numbering.outbox
         SET parked_at = NULL,
             park_reason = NULL
       WHERE parked_at IS NOT NULL
         AND sent_at IS NULL
         AND ($1::text IS NULL OR key = $1)`,
      [key ?? null],
    );
    return rowCount ?? 0;
  });

async function withClient<T>(
  databaseUrl: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    connectionString: databaseUrl,
    application_name: 'outbox-cli',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
