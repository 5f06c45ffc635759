"""Who may change what, and who must know. Pure functions over conf/."""
