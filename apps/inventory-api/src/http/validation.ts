import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { validationFailed, type Fault } from './problem';

/** How many faults one answer lists. */
const MAX_FAULTS = 100;

/**
 * Bodies and queries against their DTO: nothing unknown, nothing converted, everything wrong told
 * at once.
 */
export const validation = (): ValidationPipe =>
  new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    // A body without members has a DTO without rules; whitelisting still refuses what it brings.
    forbidUnknownValues: false,
    stopAtFirstError: true,
    validationError: { target: false, value: true },
    exceptionFactory: (errors) => validationFailed(faultsOf(errors).slice(0, MAX_FAULTS)),
  });

function faultsOf(errors: readonly ValidationError[], within = ''): Fault[] {
  return errors.flatMap(({ property, constraints = {}, children = [], value }) => {
    const field = within === '' ? property : `${within}.${property}`;
    const own = Object.entries(constraints).map(([name, message]) =>
      faultOf(field, name, message, value === undefined),
    );
    return [...own, ...faultsOf(children, field)];
  });
}

function faultOf(field: string, rule: string, message: string, isMissing: boolean): Fault {
  if (rule === 'whitelistValidation') {
    return { field, code: 'UNKNOWN_MEMBER', message: `${field} is not known here` };
  }
  if (isMissing) return { field, code: 'REQUIRED', message: `${field} is missing` };
  return { field, code: rule.replaceAll(/[A-Z]/g, (c) => `_${c}`).toUpperCase(), message };
}
