-- revert usage:broken on pg

-- Nothing to undo.
