-- revert usage:wait_for_tokens on pg

-- Nothing to undo.
