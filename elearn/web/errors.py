"""Errors become pages or JSON here and nowhere else: what failed, what is safe, what to do."""

import logging
import secrets
from http import HTTPStatus

from flask import (
    Flask,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_wtf.csrf import CSRFError
from markupsafe import escape
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.errors import DomainError, ThrottledError

from .auth import wants_json

log = logging.getLogger("elearn")

TEXTS = {
    400: ("请求不完整", "请返回上一页再试一次。"),
    401: ("请先登录", "登录后会回到刚才的页面，已保存的内容都还在。"),
    403: ("没有权限", "您没有查看此页的权限。需要时请联系管理员。"),
    404: ("没有找到", "页面不存在，或者不在您的查看范围内。"),
    405: ("不能这样打开", "这个地址不能直接打开，请从页面上的按钮进入。"),
    413: ("文件太大", "请压缩或拆分后再上传。"),
    500: ("系统出错", "已经记录下来。您已保存的内容都还在，请稍后再试。"),
    503: ("系统繁忙", "请稍等片刻再试。您已保存的内容都还在。"),
}

BARE_PAGE = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{0}</title>'
    '<h1>{0}</h1><p>{1}</p><p>代码 {2}</p><p><a href="/">重新打开</a></p></html>'
)


def init_app(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(DomainError, _domain)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(Exception, _unexpected)


def _answer(status: int, title: str, message: str, code: str) -> Response:
    _roll_back()
    if wants_json():
        return make_response(jsonify(error={"code": code, "message": message}), status)
    return make_response(_page(title, message, code), status)


def _page(title: str, message: str, code: str) -> str:
    """The error page; a bare one when even that cannot be rendered (database down)."""
    try:
        return render_template("error.html", title=title, message=message, code=code)
    except Exception:
        log.exception("the error page itself failed")
        return BARE_PAGE.format(escape(title), escape(message), escape(code))


def _roll_back() -> None:
    """Nothing half-written, and the page can still read who is signed in."""
    try:
        db.session().rollback()
    except SQLAlchemyError:
        log.exception("rollback failed")


def _domain(error: DomainError) -> Response:
    title = TEXTS.get(error.status, ("没有完成", ""))[0]
    response = _answer(error.status, title, error.message, error.code)
    if isinstance(error, ThrottledError):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _csrf(_: CSRFError) -> Response:
    """The form's token is not this session's: say so, lose nothing."""
    if not wants_json() and request.endpoint == "accounts.sign_in":
        return make_response(redirect(url_for("accounts.sign_in")))
    return _answer(
        HTTPStatus.BAD_REQUEST,
        "页面已过期",
        "这个页面打开后登录状态变过。请返回上一页并刷新，再提交一次。",
        "E-CSRF",
    )


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None or status < HTTPStatus.BAD_REQUEST:
        return make_response(error.get_response())
    title, message = TEXTS.get(status, TEXTS[400])
    response = _answer(status, title, message, f"E-{status}")
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _database(error: OperationalError) -> Response:
    """Busy or unreachable database: nothing was written; the client may try again."""
    code = _log("database", error)
    response = _answer(503, *TEXTS[503], code)
    response.headers["Retry-After"] = "5"
    return response


def _unexpected(error: Exception) -> Response:
    code = _log("unexpected", error)
    return _answer(500, *TEXTS[500], code)


def _log(kind: str, error: Exception) -> str:
    """A short code the person can read out on the phone, with the trace in the log."""
    code = f"E-{secrets.token_hex(2).upper()}"
    log.error("%s error %s on %s", kind, code, request.path, exc_info=error)
    return code
