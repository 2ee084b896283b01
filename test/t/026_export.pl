# What mv_export writes reaches the server byte for byte through the languages and tools it is written for.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Whatever the cluster's own is: Python takes it for the encoding of what it sends.
$ENV{PGCLIENTENCODING} = 'UTF8';

my $node = new_server('export', preload => '');
my $folder = PostgreSQL::Test::Utils::tempdir();
my $socket = $node->host;
my $port = $node->port;

# Texts that tools change: bind parameters, formats, interpolation, escapes, line ends, tabs, and sheer length.
my %texts = (
    binds   => q{{"k":true} :name ::text :'x' ? ?? \? \\? $1 $$ $mv$ 'HH24:MI' :smile: \:x},
    formats => q{%s %% %(x)s 100% {0} {{x}} #{x} #$x #@x ${x} `x` <%= x %>},
    escapes => qq{\\n \\\\ \\' "" \"\"\" ''' \\u0041 \\x24 # -- /* */ // ; \x{c3}\x{a9} \x{e2}\x{80}\x{a8}},
    lines   => qq{a\r\nb\tc\rd\n\n  e \nMVMANAGER\n},
    large   => join(',', map { "value number $_" } 1 .. 12_000),
);
my $setup = 'CREATE SCHEMA exported; CREATE TABLE exported.source (n integer);';
for my $name (sort keys %texts) {
    my $hex = unpack('H*', $texts{$name});
    $setup .= "SELECT mv_create('exported.$name', 'SELECT n, ' || quote_literal(convert_from('\\x$hex', 'UTF8')) || ' AS text FROM exported.source', "
      . "indexes => ARRAY['CREATE INDEX ${name}_n ON exported.$name (n)'], label => 'rev_$name', comment => convert_from('\\x$hex', 'UTF8'));";
}
sub fresh {
    my ($database) = @_;
    $node->safe_psql('postgres', "DROP DATABASE IF EXISTS $database");
    $node->safe_psql('postgres', "CREATE DATABASE $database");
    $node->safe_psql($database, 'CREATE EXTENSION mvmanager; CREATE SCHEMA exported; CREATE TABLE exported.source (n integer)');
}
my $all = "SELECT md5(string_agg(mv_definition(name) || mv_definition(name, canonical => true) || coalesce(obj_description(name::regclass, 'pg_class'), ''), '' ORDER BY name)) "
  . "FROM unnest(ARRAY['exported.binds', 'exported.formats', 'exported.escapes', 'exported.lines', 'exported.large']) name";
$node->safe_psql('postgres', 'CREATE DATABASE origin');
$node->safe_psql('origin', "SET client_min_messages = error; CREATE EXTENSION mvmanager; $setup");
my $wanted = $node->safe_psql('origin', $all);
like($wanted, qr/^[0-9a-f]{32}$/, 'there is something to compare with');
my $has_rollback = $node->safe_psql('origin', "SELECT prosrc <> 'mvm_not_available' FROM pg_proc WHERE proname = 'mv_rollback'") eq 't';

sub exported {
    my ($format, $suffix) = @_;
    my $file = "$folder/export_$format.$suffix";
    $node->run_log(['psql', '-XAtq', '-d', $node->connstr('origin'), '-o', $file, '-c', "SELECT mv_export(NULL, '$format')"]);
    return $file;
}
sub run {
    my ($name, @command) = @_;
    my ($out, $err) = ('', '');
    my $ok = IPC::Run::run(\@command, '<', \'', '>', \$out, '2>', \$err);
    ok($ok, $name) or diag("$out$err");
    return $ok;
}
sub write_file {
    my ($file, $text) = @_;
    open my $handle, '>:raw', $file or die "$file: $!";
    print $handle $text;
    close $handle;
    return $file;
}
sub same_in { my ($database, $name) = @_; is($node->safe_psql($database, $all), $wanted, "$name: every text as it was") }
sub gone_in {
    my ($database, $name) = @_;
    is($node->safe_psql($database, "SELECT count(*) FROM pg_matviews WHERE schemaname = 'exported'"), '0', "$name: the way back leaves nothing");
}
# False where there is no such command either, for which IPC::Run dies.
sub has { my (@command) = @_; my $none = ''; return eval { IPC::Run::run(\@command, '<', \'', '>', \$none, '2>', \$none) } }
my @python = grep { has($_, '-c', 'pass') } '/usr/bin/python3', 'python3';

# SQL, by psql.
for my $format ('sql', 'flyway') {
    fresh('target');
    my $file = exported($format, 'sql');
    run("$format: psql runs it", 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('target'), '-f', $file);
    same_in('target', $format);
    run("$format: and again", 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('target'), '-f', $file);
    same_in('target', "$format again");
    next unless $has_rollback;
    my ($back) = slurp_file($file) =~ /^(-- The way back.*)/ms;
    $back =~ s/^-- The way back.*\n//;
    $back =~ s/^-- ?//mg;
    run("$format: the way back", 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('target'), '-f', write_file("$folder/back.sql", $back));
    gone_in('target', $format);
}

# Core's own SQL needs no mvmanager.
{
    $node->safe_psql('postgres', 'DROP DATABASE IF EXISTS plain');
    $node->safe_psql('postgres', 'CREATE DATABASE plain');
    $node->safe_psql('plain', 'CREATE SCHEMA exported; CREATE TABLE exported.source (n integer)');
    run('plain: psql runs it', 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('plain'), '-f', exported('plain', 'sql'));
    my $dump = sub {
        my ($database) = @_;
        my $text = `pg_dump --schema-only --schema=exported -d '@{[$node->connstr($database)]}'`;
        $text =~ s/^\\(un)?restrict .*$//mg;
        return $text;
    };
    my ($is, $should) = ($dump->('plain'), $dump->('origin'));
    cmp_ok(length $should, '>', 200_000, 'plain: pg_dump has something to say');
    ok($is eq $should, 'plain: pg_dump says the same of it');
}

# Sqitch: three files in one text.
{
    fresh('target');
    my %file;
    for my $part (split /^(?=-- ==== )/m, slurp_file(exported('sqitch', 'sql'))) {
        my ($kind, $name) = $part =~ m{^-- ==== (\w+)/(\w+)\.sql ====};
        $file{$kind} = write_file("$folder/$kind.sql", $part) if $kind;
    }
    is(join(' ', sort keys %file), 'deploy revert verify', 'sqitch: three files');
    run('sqitch: deploy', 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('target'), '-f', $file{deploy});
    same_in('target', 'sqitch');
    run('sqitch: verify', 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('target'), '-f', $file{verify});
    if ($has_rollback) {
        run('sqitch: revert', 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('target'), '-f', $file{revert});
        gone_in('target', 'sqitch');
        ok(!has('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('target'), '-f', $file{verify}), 'sqitch: verify fails after it');
    }
}

SKIP: {
    skip 'no python3', 1 unless @python;
    for my $format ('alembic', 'django') {
        run("$format: python compiles it", $python[0], '-m', 'py_compile', exported($format, 'py'));
    }
}

SKIP: {
    my ($python) = grep { has($_, '-c', 'import alembic, psycopg2') } @python;
    skip 'no alembic with psycopg2', 1 unless $python;
    my $file = exported('alembic', 'py');
    my $program = write_file("$folder/run_alembic.py", <<'PYTHON');
import importlib.util, sys
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

mode, file, host, port, what = sys.argv[1:]
spec = importlib.util.spec_from_file_location("revision", file)
revision = importlib.util.module_from_spec(spec)
spec.loader.exec_module(revision)
if mode == "online":
    engine = sa.create_engine("postgresql+psycopg2:///target?host=%s&port=%s" % (host, port))
    with engine.begin() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            getattr(revision, what)()
else:
    with open(file + ".sql", "w", newline="") as out:
        # As the env.py that alembic init writes.
        context = MigrationContext.configure(dialect_name="postgresql", dialect_opts={"paramstyle": "named"},
                                             opts={"as_sql": True, "output_buffer": out})
        with Operations.context(context):
            getattr(revision, what)()
PYTHON
    fresh('target');
    run('alembic: upgrade', $python, $program, 'online', $file, $socket, $port, 'upgrade');
    same_in('target', 'alembic');
    if ($has_rollback) {
        run('alembic: downgrade', $python, $program, 'online', $file, $socket, $port, 'downgrade');
        gone_in('target', 'alembic');
    }
    fresh('target');
    run('alembic: upgrade --sql', $python, $program, 'offline', $file, $socket, $port, 'upgrade');
    run('alembic: psql runs that', 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('target'), '-f', "$file.sql");
    same_in('target', 'alembic --sql');
}

SKIP: {
    my ($python) = grep { has($_, '-c', 'import django, psycopg2') } @python;
    skip 'no django with psycopg2', 1 unless $python;
    my $file = exported('django', 'py');
    my $program = write_file("$folder/run_django.py", <<'PYTHON');
import importlib.util, sys
import django
from django.conf import settings

file, host, port, what = sys.argv[1:]
settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "target", "HOST": host, "PORT": port}})
django.setup()
from django.db import connection
from django.db.migrations.state import ProjectState

spec = importlib.util.spec_from_file_location("revision", file)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
migration = module.Migration("revision", "app")
with connection.schema_editor() as editor:
    getattr(migration, what)(ProjectState(), editor)
PYTHON
    fresh('target');
    run('django: apply', $python, $program, $file, $socket, $port, 'apply');
    same_in('target', 'django');
    if ($has_rollback) {
        run('django: unapply', $python, $program, $file, $socket, $port, 'unapply');
        gone_in('target', 'django');
    }
}

SKIP: {
    skip 'no ruby', 1 unless has('ruby', '-e', '');
    my $file = exported('rails', 'rb');
    run('rails: ruby reads it', 'ruby', '-c', $file);
    skip 'no ActiveRecord with pg', 1 unless has('ruby', '-e', 'require "active_record"; require "pg"');
    my ($class) = slurp_file($file) =~ /^class (\w+) </m;
    my $program = write_file("$folder/run.rb", <<'RUBY');
require "active_record"
file, klass, host, port, direction = ARGV
ActiveRecord::Base.establish_connection(adapter: "postgresql", database: "target", host: host, port: port.to_i)
ActiveRecord::Migration.verbose = false
load file
Object.const_get(klass).migrate(direction.to_sym)
RUBY
    fresh('target');
    run('rails: up', 'ruby', '-W0', $program, $file, $class, $socket, $port, 'up');
    same_in('target', 'rails');
    if ($has_rollback) {
        run('rails: down', 'ruby', '-W0', $program, $file, $class, $socket, $port, 'down');
        gone_in('target', 'rails');
    }
}

SKIP: {
    skip 'no node', 1 unless has('node', '-e', '');
    my $file = exported('knex', 'js');
    run('knex: node reads it', 'node', '--check', $file);
    skip 'no knex with pg', 1 unless has('node', '-e', 'require("knex"); require("pg")');
    my $program = write_file("$folder/run.js", <<'JS');
const [file, host, port, what] = process.argv.slice(2);
const knex = require('knex')({ client: 'pg', connection: { host, port: Number(port), database: 'target', user: process.env.PGUSER || require('os').userInfo().username } });
knex.transaction((trx) => require(require('path').resolve(file))[what](trx)).then(() => knex.destroy(), (e) => { console.error(e); process.exit(1); });
JS
    fresh('target');
    run('knex: up', 'node', $program, $file, $socket, $port, 'up');
    same_in('target', 'knex');
    if ($has_rollback) {
        run('knex: down', 'node', $program, $file, $socket, $port, 'down');
        gone_in('target', 'knex');
    }
}
$node->stop;
done_testing();
