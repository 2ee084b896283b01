# The tasks of a Rails application that matter here, without the application: migrate to a version, dump the schema.
require 'active_record'
require 'stringio'

ActiveRecord::Base.establish_connection(adapter: 'postgresql', host: ENV['PGHOST'], port: ENV['PGPORT'], username: ENV['PGUSER'], database: ENV['PGDATABASE'])
ActiveRecord::Migration.verbose = false

case ARGV.shift
when 'version'
  puts ActiveRecord.version
when 'migrate'
  ActiveRecord::MigrationContext.new('migrate', ActiveRecord::SchemaMigration).migrate(ARGV.shift.to_i)
when 'schema.rb'
  ActiveRecord::SchemaDumper.dump(ActiveRecord::Base.connection, $stdout)
when 'structure.sql'
  ActiveRecord::Tasks::DatabaseTasks.structure_dump_flags = ['--exclude-schema=mvmanager_data']
  configuration = ActiveRecord::Base.connection_db_config
  ActiveRecord::Tasks::DatabaseTasks.structure_dump(configuration, 'structure.sql')
  puts File.read('structure.sql')
end
