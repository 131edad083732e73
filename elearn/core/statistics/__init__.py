"""Item and exam statistics that stay valid when everybody has another paper: pure functions."""
