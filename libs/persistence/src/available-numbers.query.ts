import { Injectable } from '@nestjs/common';
import type { IdentifierClass, Plan } from '@numbering/contracts';
import { DEFAULT_PLAN, type WantedForm } from '@numbering/domain';
import type { EntityManager } from 'typeorm';

/** Class and normal form: the order of the list (ruling 40). */
export type ListPosition = readonly [IdentifierClass, string];

export interface AvailableNumber {
  /** As it is shown. */
  identifier: string;
  identifierClass: IdentifierClass;
  operatorId: string;
  vanityEligible: boolean;
}

export interface AvailableFilter {
  /** In the order of the list. */
  forms: readonly WantedForm[];
  operatorIds: readonly string[];
  vanityEligible?: boolean;
}

export interface AvailablePage {
  items: AvailableNumber[];
  /** Where the next page begins; null at the end. */
  endedAt: ListPosition | null;
}

/** What decides what a tenant may see of the pool, and at which price. */
export interface BrowseTerms {
  plan: Plan;
  /** null: all operators. */
  operatorAllowlist: string[] | null;
  /** Every operator that there is. */
  operatorIds: string[];
}

/**
 * How many rows of one pool (operator, class, vanity or not) a page looks at. Only what no index finds comes to so many:
 * a text within the number, or the rarer ones of those that end alike. Such a page ends early, and goes on with the next.
 */
export const MAX_ROWS_LOOKED_AT = 10_000;

/** How long an ending has a place of its own in the index. */
const INDEXED_ENDING_CHARS = 2;
/** Behind everything that can stand in a normal form. */
const BEHIND_ALL = '\u{10ffff}';
/** Before everything that can follow in one. */
const BEFORE_ALL = '\u0001';

/**
 * The pool as tenants browse it. It is read pool by pool, each from where the last page ended, and merged: what a page
 * costs depends neither on how many numbers there are nor on how far the reader has come.
 */
@Injectable()
export class AvailableNumbersList {
  async termsOf(manager: EntityManager, tenantId: string | undefined): Promise<BrowseTerms> {
    const [row] = await manager.query(
      `SELECT t.plan, t.operator_allowlist AS "operatorAllowlist",
              ARRAY(SELECT operator_id FROM numbering.operators ORDER BY operator_id)
                AS "operatorIds"
         FROM (SELECT $1::text AS tenant_id) asked
         LEFT JOIN numbering.tenants t USING (tenant_id)`,
      [tenantId ?? null],
    );
    return { ...row, plan: row.plan ?? DEFAULT_PLAN };
  }

  /** Up to `limit` of what is AVAILABLE and in service, behind a position; fewer do not say that it is the end. */
  async page(
    manager: EntityManager,
    filter: AvailableFilter,
    limit: number,
    after?: ListPosition,
  ): Promise<AvailablePage> {
    const items: AvailableNumber[] = [];
    let endedAt: ListPosition | null = null;
    for (const form of filter.forms) {
      const { identifierClass } = form;
      if (after && identifierClass < after[0]) continue;
      const from = after?.[0] === identifierClass ? after[1] : '';
      // One more than there is room for tells whether there are more.
      const rows = await this.rows(manager, form, filter, from, limit + 1 - items.length);
      for (const row of rows) {
        if (items.length === limit) return { items, endedAt };
        endedAt = [identifierClass, row.normal_form];
        if (row.is_wanted) items.push(numberOf(row, identifierClass));
        if (row.is_last) return { items, endedAt };
      }
    }
    return { items, endedAt: null };
  }

  /** What is wanted in order, and of a pool that was not read to its end the row at which that was. */
  private rows(
    manager: EntityManager,
    form: WantedForm,
    { operatorIds, vanityEligible }: AvailableFilter,
    from: string,
    limit: number,
  ): Promise<ListedRow[]> {
    const { identifierClass, begins, isWhole, ends } = form;
    const ending = [...ends].slice(-INDEXED_ENDING_CHARS).join('');
    const hasIndex = [...ending].length === INDEXED_ENDING_CHARS;
    return manager.query(hasIndex ? BY_ENDING : IN_ORDER, [
      operatorIds,
      vanityEligible === undefined ? [true, false] : [vanityEligible],
      identifierClass,
      begins,
      begins + (isWhole ? BEFORE_ALL : BEHIND_ALL),
      from,
      likeOf(form),
      limit,
      ...(hasIndex ? [ending] : []),
    ]);
  }
}

interface ListedRow {
  identifier: string;
  operator_id: string;
  vanity_eligible: boolean;
  normal_form: string;
  is_wanted: boolean;
  is_last: boolean;
}

const numberOf = (row: ListedRow, identifierClass: IdentifierClass): AvailableNumber => ({
  identifier: row.identifier,
  identifierClass,
  operatorId: row.operator_id,
  vanityEligible: row.vanity_eligible,
});

/** What the bounds of the index do not say already; nothing in it is a wildcard but ours. */
function likeOf({ ends, contains }: WantedForm): string {
  if (ends !== '') return `%${literally(ends)}`;
  return contains === '' ? '%' : `%${literally(contains)}%`;
}

const literally = (text: string): string => text.replaceAll(/[\\%_]/g, '\\$&');

const NORMAL_FORM = `coalesce(i.alpha_key, i.identifier) COLLATE "C"`;

/**
 * Each pool by its index, from where the last page ended; the first of all of them are the page. A plan that sorted a
 * pool would read all of it: the inner LIMIT, written out, tells Postgres that little of it is wanted.
 */
const listed = (condition: string): string => `
  SELECT found.identifier, found.operator_id, found.vanity_eligible, found.normal_form,
         found.is_wanted, found.nth = ${MAX_ROWS_LOOKED_AT} AS is_last
    FROM unnest($1::text[]) AS operator (id)
   CROSS JOIN unnest($2::boolean[]) AS tier (is_vanity)
   CROSS JOIN LATERAL (
          SELECT *
            FROM (SELECT i.identifier, i.operator_id, i.vanity_eligible,
                         ${NORMAL_FORM} AS normal_form,
                         ${NORMAL_FORM} LIKE $7
                           -- an owner may have moved it ahead again
                           AND (i.valid_from IS NULL
                                OR i.valid_from <= (SELECT clock_timestamp())) AS is_wanted,
                         row_number() OVER (ORDER BY ${NORMAL_FORM}) AS nth
                    FROM numbering.identifiers i
                   WHERE i.state = 'AVAILABLE'
                     AND (i.valid_from IS NULL OR i.valid_from_passed)
                     AND i.operator_id = operator.id
                     AND i.vanity_eligible = tier.is_vanity
                     AND i.identifier_class = $3
                     ${condition}
                     AND ${NORMAL_FORM} >= $4
                     AND ${NORMAL_FORM} < $5
                     AND ${NORMAL_FORM} > $6
                   ORDER BY ${NORMAL_FORM}
                   LIMIT ${MAX_ROWS_LOOKED_AT}) looked_at
           WHERE is_wanted OR nth = ${MAX_ROWS_LOOKED_AT}
           LIMIT $8) found
   ORDER BY found.normal_form
   LIMIT $8`;

const IN_ORDER = listed('');
const BY_ENDING = listed(
  `AND right(coalesce(i.alpha_key, i.identifier), ${INDEXED_ENDING_CHARS}) COLLATE "C" = $9`,
);
