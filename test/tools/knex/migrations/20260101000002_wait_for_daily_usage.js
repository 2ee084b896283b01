// mv_wait commits while it waits.
exports.config = { transaction: false };

exports.up = async (knex) => {
  await knex.raw(`CALL mv_wait('daily_usage', label => 'create_daily_usage')`);
};

exports.down = async (knex) => {};
