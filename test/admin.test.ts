import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Admin, openAdmin } from '../src/admin.ts';
import { createMetrics } from '../src/metrics.ts';

const open: Admin[] = [];
afterEach(async () => {
  for (const admin of open.splice(0)) await admin.close();
});

async function start(reasons: readonly string[] = []): Promise<string> {
  const metrics = createMetrics();
  const refresh = () => metrics.messagesInFlight.set(42);
  const admin = await openAdmin({ host: '127.0.0.1', port: 0, metrics, refresh, reasonsNotReady: () => reasons });
  open.push(admin);
  return `http://127.0.0.1:${admin.address.port}`;
}

describe('the admin listener', () => {
  it('serves metrics that were brought up to date for this scrape', async () => {
    const response = await fetch(`${await start()}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain');
    expect(await response.text()).toContain('headgate_messages_in_flight 42');
  });

  it('is healthy and ready, or says why it is not ready', async () => {
    const ready = await start();
    expect((await fetch(`${ready}/healthz`)).status).toBe(200);
    expect((await fetch(`${ready}/readyz`)).status).toBe(200);
    const notReady = await fetch(`${await start(['the journal cannot be written'])}/readyz`);
    expect(notReady.status).toBe(503);
    expect(await notReady.json()).toEqual({ status: 'not ready', reasons: ['the journal cannot be written'] });
  });

  it('changes nothing: refuses other methods and unknown paths', async () => {
    const base = await start();
    expect((await fetch(`${base}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405);
    expect((await fetch(`${base}/../../etc/passwd`)).status).toBe(404);
  });

  it('names the address when it is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const options = {
      host: '127.0.0.1',
      port,
      metrics: createMetrics(),
      refresh: () => undefined,
      reasonsNotReady: () => [],
    };
    await expect(openAdmin(options)).rejects.toThrow(`127.0.0.1:${port}`);
    taken.close();
  });
});
