#!/bin/bash
# The version lives in the control file; what must repeat it agrees, nothing else knows it.
. "$(dirname "$0")/lib/tap.sh"

version=$(control_version)
echo "$version" | matches -vxE '[0-9]+\.[0-9]+\.[0-9]+' | rule 'the control file has a semantic version'

# The keys PGXN requires, the release status and where each version stands.
perl -MJSON::PP -e '
    my $version = shift;
    my $meta = eval { local $/; open my $f, "<", "META.json" or die $!; decode_json(<$f>) } or do { print "META.json: $@"; exit };
    for (qw(name version abstract maintainer license provides meta-spec)) { print "META.json: no $_\n" unless $meta->{$_} }
    print "META.json: version $meta->{version}\n" if $meta->{version} ne $version;
    print "META.json: meta-spec is not 1.0.0\n" if ($meta->{"meta-spec"}{version} // "") ne "1.0.0";
    my $own = $meta->{provides}{mvmanager} or print "META.json: provides no mvmanager\n";
    print "META.json: provides version $own->{version}\n" if $own && $own->{version} ne $version;
    for my $e (values %{$meta->{provides}}) { print "META.json: $e->{file} does not exist\n" unless -e $e->{file} }
    for my $e (values %{$meta->{provides}}) { print "META.json: $e->{docfile} does not exist\n" if $e->{docfile} && !-e $e->{docfile} }
' "$version" | rule 'META.json is complete and has the same version'

sed -n 's/^## //p' CHANGELOG.md | head -n 1 | matches -vE "^${version//./\\.}( |$)" | rule 'the newest entry of CHANGELOG.md is that version'

own_files | matches -E '^(Makefile|CMakeLists.txt|src/.*|dev/.*|sql/.*|test/.*)$' | matches -vE '^src/sql/upgrade/|^test/matrix/|/package-lock\.json$' |
    matches_in -nHF "$version" | rule 'no other file spells it'

# Every upgrade script leads on to the newest version, and so does every earlier version's installation script.
shopt -s nullglob
for script in src/sql/upgrade/*.sql; do
    if [[ $(basename "$script" .sql) =~ ^mvmanager--([0-9.]+)$ ]]; then
        compgen -G "src/sql/upgrade/mvmanager--${BASH_REMATCH[1]}--*.sql" >/dev/null || echo "$script: leads nowhere"
        continue
    fi
    [[ $(basename "$script" .sql) =~ ^mvmanager--([0-9.]+)--([0-9.]+)$ ]] || { echo "$script: not mvmanager--A--B.sql" && continue; }
    to=${BASH_REMATCH[2]}
    [ "$to" = "$version" ] || compgen -G "src/sql/upgrade/mvmanager--$to--*.sql" >/dev/null || echo "$script: leads nowhere"
done | rule 'upgrade scripts lead to that version'

finish
