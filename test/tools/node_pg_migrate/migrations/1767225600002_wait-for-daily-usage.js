exports.up = (pgm) => {
  // mv_wait commits while it waits.
  pgm.noTransaction();
  pgm.sql(`CALL mv_wait('daily_usage', label => 'create_daily_usage')`);
};

exports.down = () => {};
