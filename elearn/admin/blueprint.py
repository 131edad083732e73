"""The one blueprint that the pages of this feature hang on."""

from flask import Blueprint

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
