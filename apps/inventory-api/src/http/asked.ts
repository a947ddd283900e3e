// What a controller's method is given of a request beside its body.
import {
  createParamDecorator,
  Injectable,
  type ArgumentMetadata,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';
import {
  actingTenantId,
  isRefusal,
  mayActFor,
  parseIdentifier,
  type Caller,
  type ParsedIdentifier,
} from '@numbering/domain';
import type { CommandContext } from '@numbering/lifecycle';
import type { FastifyRequest } from 'fastify';
import { isText, MAX_ID_CHARS } from './fields';
import { idempotencyOf } from './idempotency';
import { Problem, validationFailed } from './problem';

/** Who asks. @throws on a route without `Needs`: a fault of the program */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new Error(`${request.method} ${request.originalUrl} lacks Needs`);
  return request.caller;
}

/** The context of a command: caller, request id, idempotency key. */
export function commandContext(request: FastifyRequest, body: unknown): CommandContext {
  const caller = callerOf(request);
  return { caller, requestId: request.id, idempotency: idempotencyOf(request, caller, body) };
}

const requestOf = (context: ExecutionContext) =>
  context.switchToHttp().getRequest<FastifyRequest>();

/** `@Command() context: CommandContext` */
export const Command = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const request = requestOf(context);
  return commandContext(request, request.body);
});

/** `@AskedBy() caller: Caller` */
export const AskedBy = createParamDecorator((_: unknown, context: ExecutionContext) =>
  callerOf(requestOf(context)),
);

/** A path's identifier, decoded once by the router, in the form in which the ledger looks it up. */
@Injectable()
export class IdentifierPipe implements PipeTransform<string, ParsedIdentifier> {
  transform(written: string): ParsedIdentifier {
    const parsed = parseIdentifier(written);
    if (isRefusal(parsed)) throw Problem.of(parsed);
    return parsed;
  }
}

/** A path's tenant, block, key or operator: an id that others made up. */
@Injectable()
export class PathId implements PipeTransform<string, string> {
  transform(id: string, { data: field = 'path' }: ArgumentMetadata): string {
    if (isText(id, 1, MAX_ID_CHARS)) return id;
    const message = `a text of 1 to ${MAX_ID_CHARS} characters is wanted`;
    throw validationFailed([{ field, code: 'IS_TEXT', message }]);
  }
}

/**
 * Whose own lists are read: the token's tenant, or the one that is named and that the caller may
 * act for.
 * @throws Problem TENANT_MISMATCH
 */
export function ownTenantId(caller: Caller, asked: string | undefined): string {
  const tenantId = actingTenantId(caller, asked);
  const refusal = mayActFor(caller, tenantId);
  if (refusal) throw Problem.of(refusal);
  return tenantId ?? '';
}
