class WaitForTokens < ActiveRecord::Migration[6.1]
  # mv_wait commits while it waits.
  disable_ddl_transaction!

  def up
    execute <<~'SQL'
      CALL mv_wait('daily_usage', label => 'add_tokens')
    SQL
  end

  def down
  end
end
