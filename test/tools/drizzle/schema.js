const { integer, pgTable, timestamp } = require('drizzle-orm/pg-core');

exports.messageUsages = pgTable('message_usages', {
  id: integer('id').primaryKey(),
  userId: integer('user_id').notNull(),
  tokens: integer('tokens').notNull(),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
});
