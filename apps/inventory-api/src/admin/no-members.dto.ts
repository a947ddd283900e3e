/** A body without members. */
export class NoMembers {}
