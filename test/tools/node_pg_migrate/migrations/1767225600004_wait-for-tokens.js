exports.up = (pgm) => {
  // mv_wait commits while it waits.
  pgm.noTransaction();
  pgm.sql(`CALL mv_wait('daily_usage', label => 'add_tokens')`);
};

exports.down = () => {};
