"""Views of admin: one module of pages per capability, all on one blueprint."""

from . import audit_pages, import_pages, people_pages, role_pages, unit_pages
from .blueprint import blueprint

__all__ = [
    "audit_pages",
    "blueprint",
    "import_pages",
    "people_pages",
    "role_pages",
    "unit_pages",
]
