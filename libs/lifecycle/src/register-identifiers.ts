import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { IdentifierClass } from '@numbering/contracts';
import {
  carriedPrefix,
  classify,
  isMsisdnPrefix,
  isRefusal,
  parseIdentifier,
  readValidFrom,
  storable,
  WHOLE_POOL,
  type ParsedIdentifier,
  type RowCode,
} from '@numbering/domain';
import {
  BlockStore,
  NumberStore,
  OperatorStore,
  type Block,
  type BlockError,
  type NewIdentifier,
  type Operator,
} from '@numbering/persistence';
import type { DataSource, EntityManager } from 'typeorm';
import { blockRecord } from './block-record';
import { invalidBlockPrefix, invalidField } from './invalid-field';
import { LedgerAct, type Act } from './ledger-act';
import type { CommandContext, Outcome } from './outcome';
import { IMPORT_DATA_SOURCE } from './tokens';

export interface RegisterIdentifiersAsk {
  blockPrefix?: string;
  identifiers: readonly RegistrationItem[];
}

export interface RegistrationItem {
  identifier: string;
  identifierClass?: IdentifierClass;
  operatorId?: string;
  vanityEligible?: boolean;
  validFrom?: string;
}

export interface Registration {
  blockId: string;
  items: RegisteredItem[];
}

export interface RegisteredItem {
  identifier: string;
  status: 'inserted' | 'duplicate' | 'invalid';
  code?: RowCode;
}

/** The operator of short codes and alpha IDs that name none (ruling 3). */
const NATIONAL = 'NATIONAL';

/** Ruling 3: an admin registers identifiers of any class for one operator; they are a block like an imported one. */
@Injectable()
export class RegisterIdentifiers {
  constructor(
    private readonly act: LedgerAct,
    @Inject(IMPORT_DATA_SOURCE) private readonly source: DataSource,
    private readonly operators: OperatorStore,
    private readonly blocks: BlockStore,
    private readonly numbers: NumberStore,
  ) {}

  run(context: CommandContext, ask: RegisterIdentifiersAsk): Promise<Outcome<Registration>> {
    return this.act.run<Registration>(
      context,
      async (manager, now) => {
        if (!isRegisteredPrefix(ask)) {
          return { refusal: invalidBlockPrefix(ask.blockPrefix) };
        }
        const operators = await this.operators.list(manager);
        const operator = operatorOf(ask, operators);
        if ('refusal' in operator) return operator;
        return this.taken(manager, now, context.caller.sub, ask, operator);
      },
      this.source.manager,
    );
  }

  private async taken(
    manager: EntityManager,
    now: Date,
    actor: string,
    ask: RegisterIdentifiersAsk,
    operator: Operator,
  ): Promise<Act<Registration>> {
    const read = ask.identifiers.map((item) => readItem(item, ask, operator));
    const block = {
      blockId: randomUUID(),
      operatorId: operator.operatorId,
      ...poolOf(ask, read),
      source: 'REGISTRATION' as const,
      sha256: null,
      importedAt: now,
      importedBy: actor,
    };
    const generation = await this.blocks.add(manager, block);
    const first = new Map<string, ReadItem>();
    for (const each of read) {
      if (each.parsed && !first.has(each.parsed.matchKey)) first.set(each.parsed.matchKey, each);
    }
    const fresh = [...first.values()].flatMap(({ row }) => (row ? [row] : []));
    const inserted = await this.blocks.register(manager, block, fresh);
    const parsed = [...first.values()].flatMap((each) => (each.parsed ? [each.parsed] : []));
    const { byMatchKey } = await this.numbers.find(manager, parsed);
    const items = read.map((each) => {
      if (!each.parsed) return invalidItem(each);
      const isFirst = first.get(each.parsed.matchKey) === each;
      const identifier =
        byMatchKey.get(each.parsed.matchKey)?.number.identifier ?? each.parsed.written;
      const isInserted = isFirst && inserted.has(each.parsed.written);
      return { identifier, status: isInserted ? 'inserted' : 'duplicate' } as const;
    });
    const of = (status: RegisteredItem['status']) =>
      items.filter((item) => item.status === status).length;
    const counts = {
      inserted: of('inserted'),
      duplicates: of('duplicate'),
      invalid: of('invalid'),
    };
    await this.blocks.count(manager, block.blockId, counts);
    await this.blocks.report(manager, block.blockId, errorsOf(ask, read, items, first));
    const made: Block = { ...block, ...counts };
    return {
      answer: { blockId: block.blockId, items },
      records: [blockRecord('REGISTER', made, generation)],
    };
  }
}

/** A declared prefix is one of MSISDNs where there are any. */
const isRegisteredPrefix = ({ blockPrefix, identifiers }: RegisterIdentifiersAsk): boolean =>
  isMsisdnPrefix(blockPrefix) ||
  !identifiers.some(({ identifier }) => {
    const parsed = parseIdentifier(identifier);
    return !isRefusal(parsed) && parsed.identifierClass === 'MSISDN';
  });

interface ReadItem {
  item: RegistrationItem;
  parsed?: ParsedIdentifier;
  row?: NewIdentifier;
  code?: RowCode;
}

/** What errors.csv says of the items, the first of them being row 1 (ruling 6). */
function errorsOf(
  { identifiers }: RegisterIdentifiersAsk,
  read: readonly ReadItem[],
  items: readonly RegisteredItem[],
  first: ReadonlyMap<string, ReadItem>,
): BlockError[] {
  return items.flatMap(({ status, code }, index) => {
    if (status === 'inserted') return [];
    const value = storable(identifiers[index]?.identifier ?? '');
    const each = read[index];
    const isRepeat = each?.parsed && first.get(each.parsed.matchKey) !== each;
    const duplicate = isRepeat ? 'DUPLICATE_IN_FILE' : 'ALREADY_IN_LEDGER';
    return [{ row: index + 1, value, code: code ?? duplicate }];
  });
}

const invalidItem = ({ item, code }: ReadItem): RegisteredItem => ({
  identifier: storable(item.identifier),
  status: 'invalid',
  code,
});

/** One call, one operator: the one that is named, the prefix's where an MSISDN names none, else the national one. */
function operatorOf(ask: RegisterIdentifiersAsk, operators: readonly Operator[]) {
  const named = new Set(
    ask.identifiers.map((item) => item.operatorId ?? impliedOperator(item, operators)),
  );
  const [operatorId] = named;
  if (named.size !== 1 || operatorId === undefined) {
    const detail = 'A call registers for one operator';
    return { refusal: invalidField('identifiers.operatorId', 'SEVERAL_OPERATORS', detail) };
  }
  const operator = operators.find((each) => each.operatorId === operatorId);
  if (operator) return operator;
  const detail = `${operatorId} is no operator`;
  return { refusal: invalidField('identifiers.operatorId', 'UNKNOWN_OPERATOR', detail) };
}

function impliedOperator({ identifier }: RegistrationItem, operators: readonly Operator[]): string {
  const parsed = parseIdentifier(identifier);
  if (isRefusal(parsed) || parsed.identifierClass !== 'MSISDN') return NATIONAL;
  const owner = operators.find(({ prefixes }) => carriedPrefix(parsed.written, prefixes) !== '+93');
  return owner?.operatorId ?? NATIONAL;
}

function readItem(
  item: RegistrationItem,
  { blockPrefix }: RegisterIdentifiersAsk,
  { prefixes }: Operator,
): ReadItem {
  const shape = parseIdentifier(item.identifier);
  if (isRefusal(shape)) return { item, code: 'INVALID_IDENTIFIER' };
  const identifierClass = item.identifierClass ?? shape.identifierClass;
  const rules = { identifierClass, operatorPrefixes: prefixes, declaredPrefix: blockPrefix };
  const parsed = classify(item.identifier, rules);
  if (typeof parsed === 'string') return { item, code: parsed };
  const validFrom = readValidFrom(item.validFrom);
  if (validFrom === 'INVALID') return { item, code: 'INVALID_VALID_FROM' };
  return {
    item,
    parsed,
    row: {
      identifier: parsed.written,
      alphaKey: identifierClass === 'ALPHA' ? parsed.matchKey : null,
      identifierClass,
      blockPrefix: poolPrefix(parsed, blockPrefix, prefixes),
      validFrom: validFrom ?? null,
      vanityEligible: item.vanityEligible ?? false,
    },
  };
}

/** Ruling 8. */
const poolPrefix = (
  { identifierClass, written }: ParsedIdentifier,
  declared: string | undefined,
  prefixes: readonly string[],
): string => {
  if (identifierClass !== 'MSISDN') return WHOLE_POOL;
  return declared ?? carriedPrefix(written, prefixes);
};

/** The block's own class and prefix: those its identifiers share, else the first one's class and the whole pool. */
function poolOf(ask: RegisterIdentifiersAsk, read: readonly ReadItem[]) {
  const rows = read.flatMap(({ row }) => (row ? [row] : []));
  const prefixes = new Set(rows.map((row) => row.blockPrefix));
  const [prefix] = prefixes;
  const identifierClass =
    rows[0]?.identifierClass ?? ask.identifiers[0]?.identifierClass ?? ('MSISDN' as const);
  const shared = prefixes.size === 1 && prefix !== undefined ? prefix : WHOLE_POOL;
  return { identifierClass, blockPrefix: shared };
}
