import { MAX_BULK_RESERVATIONS } from '@numbering/domain';
import { IDENTIFIER_CLASSES, RECALL_REASONS } from '@numbering/contracts';
import type { IdentifierClass, RecallReason } from '@numbering/contracts';
import { OCCUPYING_STATES } from '@numbering/domain';
import { Flag, Id, OneOf, Text, Texts } from '../http/fields';
import { OwnPageQuery } from '../http/page';

/** Reserve, hold and release: for the token's tenant unless another is named. */
export class ClaimBody {
  @Id({ optional: true, description: 'Needs numbering:tenants:any unless it is the token’s' })
  tenantId?: string;
}

export class ReservationsBody extends ClaimBody {
  @Texts(
    { min: 1, max: MAX_BULK_RESERVATIONS },
    { minChars: 0, example: ['+93790000001', '4040', 'ExampleBank'] },
  )
  identifiers: string[];

  @Flag({ optional: true, description: 'All of them, or the first refusal as the answer' })
  atomic?: boolean;
}

export class LeaseBody {
  @Id({ example: 'demo-business' })
  tenantId: string;

  @Text({ minChars: 0, maxChars: 64, example: '30d', description: '30d, 2w, 6m, 1y, P1Y6M' })
  term: string;

  @Flag()
  autoRenew: boolean;

  @Flag({ optional: true, description: 'A vanity short code, for 1y or 3y' })
  vanityFlag?: boolean;
}

export class RecallBody {
  @OneOf(RECALL_REASONS)
  reason: RecallReason;

  @Id({ description: 'The token’s sub, unless that is a system actor' })
  actorId: string;

  @Text({
    minChars: 0,
    maxChars: 255,
    optional: true,
    nullable: true,
    description: 'Of REGULATOR_ORDER, ABUSE',
  })
  ticketId?: string | null;
}

/** Filters of the caller's own claims. */
export class OwnNumbersQuery extends OwnPageQuery {
  @OneOf(OCCUPYING_STATES, { optional: true })
  state?: (typeof OCCUPYING_STATES)[number];

  @OneOf(IDENTIFIER_CLASSES, { optional: true })
  identifierClass?: IdentifierClass;
}
