class WaitForDailyUsage < ActiveRecord::Migration[6.1]
  # mv_wait commits while it waits.
  disable_ddl_transaction!

  def up
    execute <<~'SQL'
      CALL mv_wait('daily_usage', label => 'create_daily_usage')
    SQL
  end

  def down
  end
end
