// `npm run numbering -- COMMAND`. What a command needs is loaded when it runs: `token` is minted by
// the hundred.
import { Command, CommanderError } from 'commander';
import { exitCodes, reportFailure } from './cli-failure.js';
import type { ImportOptions } from './blocks-import.js';
import type { TokenOptions } from './token.js';

function createProgram(): Command {
  const program = new Command('numbering')
    .description('Development and operations of the Numbering Service')
    .showHelpAfterError()
    .exitOverride();
  program
    .command('token')
    .description('mint a development token and print it alone')
    .option('--tenant <id>', 'claim tenant_id; without it the token belongs to no tenant')
    .requiredOption('--sub <subject>', 'claim sub: who acts')
    .requiredOption('--scope <scopes>', 'space separated, such as "numbering:read numbering:write"')
    .option('--ttl <duration>', 'how long it is valid: 900s, 5m, 24h, 90d', '1h')
    .action(async (options: TokenOptions) => {
      const { mintToken } = await import('./token.js');
      console.log(await mintToken(options));
    });
  program
    .command('validate <identifier> <tenant>')
    .description('ask lease-validator (gRPC) whether the tenant may send as the identifier')
    .action(async (identifier: string, tenant: string) => {
      await (await import('./validate.js')).validate(identifier, tenant);
    });
  program
    .command('env')
    .description(
      'print the running stack as shell variables: eval "$(npm run --silent numbering -- env)"',
    )
    .action(async () => {
      console.log((await import('./shell-variables.js')).shellVariables());
    });
  program
    .command('job <job>')
    .description('run one job of reservation-worker; its output and exit code pass through')
    .action(async (job: string) => {
      process.exitCode = await (await import('./job.js')).runJob(job);
    });
  addDatabaseCommands(program);
  addBlockCommands(program);
  addKeyCommands(program);
  return program;
}

function addDatabaseCommands(program: Command): void {
  program
    .command('migrate')
    .description('bring the schema up to date (DATABASE_URL, else the running stack)')
    .action(async () => {
      await (await import('./migrate.js')).runMigrations();
    });
  const outbox = program.command('outbox').description('events that Kafka refused');
  outbox
    .command('parked')
    .description('list the keys that are parked, and why')
    .action(async () => {
      await (await import('./outbox.js')).printParked();
    });
  outbox
    .command('retry')
    .description('let the relay try parked events again')
    .option('--key <key>', 'only the events of this key')
    .action(async ({ key }: { key?: string }) => {
      await (await import('./outbox.js')).retryParkedEvents(key);
    });
}

function addBlockCommands(program: Command): void {
  program
    .command('blocks')
    .description('number blocks')
    .command('import <file>')
    .description('send a signed CSV to inventory-api and print the summary')
    .requiredOption('--operator <id>', 'operator that signed it, such as ROSHAN')
    .option('--key <keyId>', 'which of its signing keys; else each in turn')
    .option('--signature <base64>', 'detached signature over the exact bytes')
    .option('--signature-file <file>', 'the same, from a file, raw or base64 (default: <file>.sig)')
    .option('--identifier-class <class>', 'MSISDN (default), SHORT_CODE or ALPHA')
    .option('--block-prefix <prefix>', 'declared prefix; else the longest common one')
    .option('--dry-run', 'tell what the import would come to, and write nothing')
    .option('--strict', 'exit with 1 when any row is invalid')
    .option('--json', 'print the whole answer as JSON')
    .action(async (file: string, options: ImportOptions) => {
      process.exitCode = await (await import('./blocks-import.js')).importBlock(file, options);
    });
}

function addKeyCommands(program: Command): void {
  program
    .command('keygen <file>')
    .description('make an Ed25519 key (development only); print the body that registers it')
    .requiredOption('--operator <id>', 'whose key it is, such as ROSHAN')
    .requiredOption('--key <keyId>', 'the name under which it is registered')
    .action(async (file: string, options: { operator: string; key: string }) => {
      console.log((await import('./make-key.js')).makeKey(file, options));
    });
  program
    .command('sign <file>')
    .description('print the detached signature of a file, base64 (development keys only)')
    .requiredOption('--key-file <pem>', 'private key: Ed25519 or RSA')
    .action(async (file: string, { keyFile }: { keyFile: string }) => {
      console.log((await import('./sign-file.js')).signFile(file, keyFile));
    });
}

async function main(): Promise<void> {
  try {
    await createProgram().parseAsync();
  } catch (error) {
    // Help and version come as an error with exit code 0; every other one of commander's is wrong
    // usage.
    if (error instanceof CommanderError)
      process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
    else process.exitCode = reportFailure(error);
  }
}

void main();
