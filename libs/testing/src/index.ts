export * from './eventually';
export * from './test-database';
export * from './test-redis';
export * from './running-stack';
export * from './topic-tap';
export * from './validator-client';
