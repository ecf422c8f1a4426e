"""``visit-sync demo``: a small company lives through its days on this machine, with every provider simulated."""
