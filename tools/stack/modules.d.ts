// The stack is plain JavaScript, since it must run before anything is installed; its tests are not.
declare module '*.mjs';
