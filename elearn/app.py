"""create_app: settings, database, features, errors. Everything is wired here and only here."""

import logging

from flask import Flask
from sqlalchemy import Connection, Engine

from elearn import clock, db
from elearn.accounts import views as accounts
from elearn.admin import views as admin
from elearn.assignments import views as assignments
from elearn.authoring import views as authoring
from elearn.config import Settings, load_settings
from elearn.courses import views as courses
from elearn.courses.paths import views as paths
from elearn.courses.tasks import views as tasks
from elearn.exams import views as exams
from elearn.exams.papers.vault import install_vault
from elearn.records import views as records
from elearn.records.classes import views as classes
from elearn.records.credit import views as credit
from elearn.reports import views as reports
from elearn.web import auth, errors, security, shedding, templating
from elearn.web import views as web

FEATURES = (
    web,
    accounts,
    assignments,
    courses,
    tasks,
    paths,
    exams,
    records,
    credit,
    classes,
    reports,
    authoring,
    admin,
)


def create_app(
    settings: Settings | None = None, engine: Engine | Connection | None = None
) -> Flask:
    """The WSGI application. `engine` is given by tests; otherwise made from the settings."""
    settings = settings or load_settings()
    app = Flask("elearn", static_folder="static", template_folder="templates")
    app.config["ELEARN"] = settings
    app.config["TESTING"] = settings.testing
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # DefaultJSONProvider has it
    logging.getLogger("elearn").setLevel(logging.INFO)
    security.init_app(app, settings)
    engine = engine or db.make_engine(settings.database_url)
    db.init_app(app, engine)
    clock.init_app(app, engine)
    install_vault(settings.secret_key)
    auth.init_app(app)
    errors.init_app(app)
    templating.init_app(app, settings)
    for feature in FEATURES:
        app.register_blueprint(feature.blueprint)
    shedding.init_app(app, settings)
    return app
