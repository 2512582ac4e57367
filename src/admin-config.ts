import { z } from 'zod';

/** Where metrics and health are served. Nothing here changes the gateway, so it has no login: keep it on loopback or a private network. */
export const adminSchema = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
    port: z.int().min(0).max(65_535).default(9464).describe('Port; 0 takes any free one.'),
  })
  .describe('Serves /metrics, /healthz and /readyz.');
