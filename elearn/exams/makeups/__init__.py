"""Make-ups (补考), deferrals (缓考), exemptions (免考), cooldown of re-sits (domain facts §2.2)."""
