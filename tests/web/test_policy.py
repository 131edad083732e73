"""Every route has a line in the access policy, and every line a route."""

from flask import Flask

from elearn.core.access import Permission
from elearn.web.policy import ROUTES, Access


def test_every_route_has_a_policy_line_and_every_line_a_route(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert endpoints - ROUTES.keys() == set(), "routes without a policy line"
    assert ROUTES.keys() - endpoints == set(), "policy lines without a route"


def test_only_these_routes_are_public() -> None:
    public = {name for name, policy in ROUTES.items() if policy is Access.PUBLIC}
    assert public == {
        "static",
        "web.health",
        "web.preferences",
        "web.worker",
        "web.offline",
        "accounts.sign_in",
    }


def test_only_the_save_has_its_own_door() -> None:
    """A view of that kind has to ask `auth.pass_own_door`; the matrix sends it strangers."""
    own = {name for name, policy in ROUTES.items() if policy is Access.OWN_DOOR}
    assert own == {"exams.save"}


def test_a_route_without_a_policy_line_does_not_open(app: Flask) -> None:
    app.add_url_rule("/forgotten", endpoint="forgotten", view_func=lambda: "open")
    assert app.test_client().get("/forgotten").status_code == 404


def test_every_permission_guards_some_route() -> None:
    assert {policy for policy in ROUTES.values() if isinstance(policy, Permission)} == set(
        Permission
    )
