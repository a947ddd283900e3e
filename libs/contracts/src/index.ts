export * from './async-api';
export * from './billing';
export * from './envelope';
export * from './inbound-events';
export * from './numbering-events';
export * from './vocabulary';
