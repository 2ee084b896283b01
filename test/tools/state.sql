-- All that a migration could leave behind, one line each: what mvmanager knows, and the relations and columns outside its own
-- schema. Freshness and statistics are not part of it.
SELECT line FROM (
    SELECT 'view ' || to_jsonb(v)::text FROM mvmanager.view AS v
    UNION ALL SELECT 'version ' || to_jsonb(v)::text FROM mvmanager.version AS v
    UNION ALL SELECT 'version_state ' || to_jsonb(v)::text FROM mvmanager.version_state AS v
    UNION ALL SELECT 'change ' || to_jsonb(c)::text FROM mvmanager.change AS c
    UNION ALL SELECT 'schedule ' || to_jsonb(s)::text FROM mvmanager.schedule AS s
    UNION ALL SELECT 'run ' || to_jsonb(r)::text FROM mvmanager.run AS r
    UNION ALL SELECT format('relation %s %s, kind %s, file %s, acl %s', c.oid, c.oid::regclass, c.relkind, c.relfilenode, c.relacl)
                FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname IN ('public', 'mvmanager_data')
    UNION ALL SELECT format('column %s.%s %s', a.attrelid::regclass, a.attname, a.atttypid::regtype)
                FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
               WHERE n.nspname IN ('public', 'mvmanager_data') AND a.attnum > 0
) AS x (line) ORDER BY line COLLATE "C";
