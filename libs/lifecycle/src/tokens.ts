/** The few things that no class stands for. */
export const CONFIG = Symbol('Config');
export const POLICY = Symbol('Policy');
