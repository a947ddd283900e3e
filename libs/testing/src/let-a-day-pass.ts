/** Runs one statement as the database's owner or an app. */
type Query = (text: string, parameters: unknown[]) => Promise<unknown>;

/** As if what the lease remembers of today's renewal run had been yesterday. */
export const letADayPass = (query: Query, leaseId: string): Promise<unknown> =>
  query(
    `UPDATE numbering.leases
        SET renewal_refused_at = renewal_refused_at - interval '1 day',
            renewal_skipped_at = renewal_skipped_at - interval '1 day',
            renewal_reminded_at = renewal_reminded_at - interval '1 day'
      WHERE lease_id = $1`,
    [leaseId],
  );
