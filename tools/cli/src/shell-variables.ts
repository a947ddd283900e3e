import { runningStack } from './stack-file.js';

/** The running stack as lines that a shell can `eval`: where its doors are, and its two tokens. */
export function shellVariables(): string {
  const { apps, tokens } = runningStack();
  const variables = {
    API: apps['inventory-api'][0]?.url,
    GRPC: apps['lease-validator'][0]?.grpc,
    ADMIN: tokens.admin,
    VALIDATOR: tokens.validator,
  };
  return Object.entries(variables)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}='${value}'`]))
    .join('\n');
}
