/** The `journal` part of the configuration. */
import { z } from 'zod';

const ratio = (description: string, fallback: number) =>
  z.number().gt(0).max(1).default(fallback).describe(description);

export const journalSchema = z
  .strictObject({
    durability: z
      .literal('fsync')
      .default('fsync')
      .describe('When a message is acknowledged. `fsync`: after it is on the disk.'),
    classes: z
      .strictObject({
        alarm: z
          .array(z.string().min(1))
          .default([])
          .describe('Topic filters of the messages that go first. All others are `normal`.'),
      })
      .prefault({})
      .describe('Which messages belong to which class; decided by topic alone.'),
    pendingBytesMax: z
      .number()
      .int()
      .min(1024 * 1024)
      .max(1024 * 1024 * 1024)
      .default(32 * 1024 * 1024)
      .describe('Bytes that may wait for the disk in memory; above it the gateway stops reading from its clients.'),
    disk: z
      .strictObject({
        warnRatio: ratio('Used share of the disk at which the gateway warns.', 0.8),
        holdNormalRatio: ratio('Used share at which messages of class `normal` are no longer acknowledged.', 0.95),
        holdAlarmRatio: ratio('Used share at which nothing is acknowledged any more.', 1),
      })
      .refine((disk) => disk.warnRatio <= disk.holdNormalRatio && disk.holdNormalRatio <= disk.holdAlarmRatio, {
        message: 'Write rising shares: warnRatio ≤ holdNormalRatio ≤ holdAlarmRatio.',
      })
      .prefault({})
      .describe('What happens as the disk fills up.'),
  })
  .describe('How messages are kept until they are delivered.');
