-- verify usage:add_tokens on pg

-- Built after the commit; the next change waits for it.
