"""(pool, blueprint, seed) -> paper: blueprints, feasibility, the draw."""
