-- verify usage:broken on pg

-- Never there.
