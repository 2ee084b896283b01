const { DataSource, EntitySchema } = require('typeorm');

const MessageUsage = new EntitySchema({
  name: 'MessageUsage',
  tableName: 'message_usages',
  columns: {
    id: { type: 'integer', primary: true, primaryKeyConstraintName: 'message_usages_pkey' },
    user_id: { type: 'integer' },
    tokens: { type: 'integer' },
    created_at: { type: 'timestamp with time zone' },
  },
});

// A run takes all migrations there are, so what is to come is left out here.
const last = process.env.UP_TO ?? 'Broken1767225600005';
const timestamp = (name) => Number(name.slice(-13));

module.exports = new DataSource({
  type: 'postgres',
  host: process.env.PGHOST,
  port: Number(process.env.PGPORT),
  username: process.env.PGUSER,
  database: process.env.PGDATABASE,
  installExtensions: false,
  entities: [MessageUsage],
  migrations: Object.values(require('./migrations')).filter((migration) => timestamp(migration.name) <= timestamp(last)),
  migrationsTransactionMode: 'each',
});
