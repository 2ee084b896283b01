// An operator with a question mark: knex makes a parameter of it before the server sees the text, and must be told \\?.
const knex = require('knex')(require('./knexfile'));

knex
  .raw(`SELECT mv_create('marked', $mv$SELECT id FROM message_usages WHERE jsonb_build_object('id', id) ? 'id'$mv$)`)
  .then(() => console.log('created'))
  .catch((error) => console.log(error.code, error.message, error.hint))
  .finally(() => knex.destroy());
