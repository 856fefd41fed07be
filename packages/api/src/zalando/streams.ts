/** `spec.streams`: changes of tables as events, through the resource FabricEventStream. */
import { boolean, integer, list, map, object, required, string } from '../schema/builders.ts';
import { cpuPattern, sizePattern } from './shared.ts';

const table = object('', {
  eventType: required(string('Type of the events.')),
  recoveryEventType: string('Type of the events that could not be delivered.'),
  ignoreRecovery: boolean('Whether events that could not be delivered are dropped.', { assumed: 'false' }),
  idColumn: string("Column of the event's identifier."),
  payloadColumn: string("Column of the event's content."),
});

const stream = object('', {
  applicationId: required(string('Application that the stream belongs to. It names the replication slot and the publication.')),
  database: required(string('Database that the tables are in.')),
  tables: required(map('Tables to follow, by their names with schema.', table)),
  filter: map('Condition that a row has to meet, by the name of the table.', string('')),
  batchSize: integer('Number of events that are sent together.', { format: 'int32', minimum: 0 }),
  cpu: string('CPU of the stream.', { pattern: cpuPattern }),
  memory: string('Memory of the stream.', { pattern: sizePattern }),
  enableRecovery: boolean('Whether events that could not be delivered go to a type of their own.'),
});

export const streams = list('Streams of events. The cluster needs wal_level logical.', stream);
