-- Redis: what has not expired when a script begins is there until it ends.
local time_stands = true

