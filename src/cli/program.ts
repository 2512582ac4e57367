/**
 * The command line: one entry per command, each a few lines over the module that does the work. That module is loaded when its
 * command runs: all of them together cost half a second of CPU and 50 MB, which `--version` and a health check do not need.
 */
import { Command, Option } from 'commander';
import type { Host } from './host.ts';
import { addRules } from './rules-program.ts';

/** A program whose commands hand their exit code to `done`. */
export function createProgram(host: Host, done: (exitCode: number) => void): Command {
  const program = new Command('headgate');
  program
    .description(
      'IoT telemetry gateway: MQTT in, AWS IoT SQL rules, Avro out, delivered to AWS; nothing acknowledged is lost.',
    )
    .version(host.version)
    .showSuggestionAfterError()
    // `rules eval --version 2016-03-23` is not ours.
    .enablePositionalOptions()
    .configureOutput({ writeOut: (text) => host.write(text), writeErr: (text) => host.complain(text.trimEnd()) })
    .exitOverride();
  const config = () => new Option('-c, --config <file>', 'configuration file').default('headgate.yaml');
  program
    .command('run')
    .description('Run the gateway until SIGTERM or SIGINT.')
    .addOption(config())
    .action(async (options: { config: string }) => {
      const { run } = await import('./run.ts');
      done(await run(options.config, host));
    });
  program
    .command('check')
    .description('Validate a configuration, its rules and schemas; open and start nothing.')
    .addOption(config())
    .action(async (options: { config: string }) => {
      const { check } = await import('./check.ts');
      done(check(options.config, host));
    });
  program
    .command('demo')
    .description('Run a gateway with a simulated fleet for a while, then read its output back.')
    .addOption(new Option('--seconds <n>', 'how long').default(20).argParser(Number))
    .action(async (options: { seconds: number }) => {
      const { runDemo } = await import('./demo.ts');
      done(await runDemo({ seconds: options.seconds, host }));
    });
  addRules(program, host, done);
  addSchema(program, host, done);
  addUsers(program, host, done);
  addDeadLetters(program, host, done);
  program
    .command('vectors')
    .description('Run conformance cases of the SQL engine (JSON lines).')
    .argument('<file>')
    .action(async (file: string) => {
      const { runVectors } = await import('./vectors.ts');
      done(await runVectors(file, host.print));
    });
  program
    .command('docs', { hidden: true })
    .argument('[dir]', 'target folder', 'docs/reference')
    .action(async (dir: string) => {
      const { writeDocs } = await import('./docs.ts');
      for (const file of await writeDocs(dir)) host.print(file);
      done(0);
    });
  return program;
}

function addSchema(program: Command, host: Host, done: (exitCode: number) => void): void {
  const schema = program
    .command('schema')
    .description('Print the JSON Schema of the configuration file, for editors.')
    .action(async () => {
      const { configJsonSchema } = await import('./schema.ts');
      host.print(JSON.stringify(configJsonSchema(), null, 2));
      done(0);
    });
  schema
    .command('rules')
    .description('Print the JSON Schema of rule files, for editors.')
    .action(async () => {
      const { rulesJsonSchema } = await import('./rules-schema.ts');
      host.print(JSON.stringify(rulesJsonSchema(), null, 2));
      done(0);
    });
  schema
    .command('fixtures')
    .description('Print the JSON Schema of the fixtures of `headgate rules test`, for editors.')
    .action(async () => {
      const { fixtureJsonSchema } = await import('./fixtures/fixture-schema.ts');
      host.print(JSON.stringify(fixtureJsonSchema(), null, 2));
      done(0);
    });
  schema
    .command('infer')
    .description('Print an Avro schema inferred from sample messages (JSON or JSON lines).')
    .argument('<files...>')
    .option('--name <name>', 'name of the record', 'Record')
    .action(async (files: string[], options: { name: string }) => {
      const { inferSchemaFiles } = await import('./schema-infer.ts');
      done(await inferSchemaFiles(files, options, host.print));
    });
}

function addUsers(program: Command, host: Host, done: (exitCode: number) => void): void {
  program
    .command('passwd')
    .description('Make a users file entry for a person; the password is asked for, or read from standard input.')
    .argument('<name>')
    .action(async (name: string) => {
      const { makePasswordEntry } = await import('./passwd.ts');
      const password = await host.readLine(`Password for ${name}: `);
      host.print(await makePasswordEntry(name, password));
      done(0);
    });
  program
    .command('token')
    .description('Make a users file entry for a device, with a generated token that is shown once.')
    .argument('<name>')
    .action(async (name: string) => {
      const { makeTokenEntry } = await import('./token.ts');
      const made = makeTokenEntry(name);
      host.complain(`Token of ${name}, shown only now: ${made.token}`);
      host.print(made.entry);
      done(0);
    });
}

function addDeadLetters(program: Command, host: Host, done: (exitCode: number) => void): void {
  const dlq = program
    .command('dlq')
    .description('Look at the dead letters of a data directory; safe while the gateway runs.');
  const dataDir = () => new Option('-d, --data-dir <dir>', 'data directory').default('./data');
  dlq
    .command('list')
    .description('One line per dead letter.')
    .addOption(dataDir())
    .action(async (options: { dataDir: string }) => {
      const { listDeadLetters } = await import('./dlq.ts');
      done(await listDeadLetters(options.dataDir, host.print));
    });
  dlq
    .command('show')
    .description('One dead letter, whole.')
    .argument('<sequence>')
    .addOption(dataDir())
    .action(async (sequence: string, options: { dataDir: string }) => {
      const { showDeadLetter } = await import('./dlq.ts');
      done(await showDeadLetter(options.dataDir, Number(sequence), host.print));
    });
}
