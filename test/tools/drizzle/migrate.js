// node migrate.js TAG...: drizzle-orm's migrator on the migrations named, in the order of the journal. It runs all that a folder has
// in one transaction, so the folder is made for the call.
const fs = require('fs');
const { Pool } = require('pg');
const { drizzle } = require('drizzle-orm/node-postgres');
const { migrate } = require('drizzle-orm/node-postgres/migrator');

const tags = process.argv.slice(2);
const journal = JSON.parse(fs.readFileSync('history/meta/_journal.json'));
journal.entries = journal.entries.filter((entry) => tags.includes(entry.tag));
fs.rmSync('chosen', { recursive: true, force: true });
fs.cpSync('history', 'chosen', { recursive: true });
fs.writeFileSync('chosen/meta/_journal.json', JSON.stringify(journal));

const pool = new Pool();
migrate(drizzle(pool), { migrationsFolder: 'chosen' })
  .catch((error) => {
    console.error(error, error.cause);
    process.exitCode = 1;
  })
  .finally(() => pool.end());
