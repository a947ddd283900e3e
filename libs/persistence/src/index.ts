export * from './data-source';
export * from './change.store';
export * from './due.store';
export * from './idempotency.store';
export * from './ledger-record.store';
export * from './number.store';
export * from './price.store';
export * from './tenant.store';
