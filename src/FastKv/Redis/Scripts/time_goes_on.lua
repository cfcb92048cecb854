-- The embedded store: what expires while a script runs is gone for its next command.
local time_stands = false

