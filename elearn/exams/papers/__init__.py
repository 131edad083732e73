"""Papers of an exam: how they are drawn, sealed before the opening, opened, and proved after."""
