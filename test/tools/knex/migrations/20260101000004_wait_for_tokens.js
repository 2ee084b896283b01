// mv_wait commits while it waits.
exports.config = { transaction: false };

exports.up = async (knex) => {
  await knex.raw(`CALL mv_wait('daily_usage', label => 'add_tokens')`);
};

exports.down = async (knex) => {};
