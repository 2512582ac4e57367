/** Throw-away certificates, made with the openssl command. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly certPath: string;
  readonly keyPath: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

export class Authority {
  readonly #dir = mkdtempSync(join(tmpdir(), 'headgate-ca-'));
  readonly ca: Certificate;
  #serial = 0;

  constructor(name: string) {
    this.ca = this.#read('ca');
    this.#run(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '1',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      this.ca.keyPath,
      '-out',
      this.ca.certPath,
    );
    this.ca = this.#read('ca');
  }

  issue(commonName: string, days = 1): Certificate {
    const base = `c${this.#serial++}`;
    const paths = this.#read(base);
    const request = join(this.#dir, `${base}.csr`);
    const extensions = join(this.#dir, `${base}.ext`);
    writeFileSync(extensions, 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    this.#run(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      `/CN=${commonName}`,
      '-keyout',
      paths.keyPath,
      '-out',
      request,
    );
    this.#run(
      'x509',
      '-req',
      '-in',
      request,
      '-CA',
      this.ca.certPath,
      '-CAkey',
      this.ca.keyPath,
      '-CAcreateserial',
      '-days',
      String(days),
      '-extfile',
      extensions,
      '-out',
      paths.certPath,
    );
    return this.#read(base);
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #read(base: string): Certificate {
    const certPath = join(this.#dir, `${base}.crt`);
    const keyPath = join(this.#dir, `${base}.key`);
    const read = (path: string) => {
      try {
        return readFileSync(path);
      } catch {
        return Buffer.alloc(0); // Not made yet: only the path is wanted.
      }
    };
    return { certPath, keyPath, cert: read(certPath), key: read(keyPath) };
  }

  #run(...args: string[]): void {
    execFileSync('openssl', args, { stdio: 'ignore' });
  }
}
