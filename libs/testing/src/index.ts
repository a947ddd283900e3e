export * from './eventually';
export * from './invariants';
export * from './random';
export * from './test-database';
export * from './test-redis';
export * from './running-stack';
export * from './topic-tap';
export * from './validator-client';
