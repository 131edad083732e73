"""A phone with WebKit inside, driven by selenium, in the words the tests need."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from tests.e2e.exam_room import KEPT, PASSWORD
from tests.servers.webkit import WebKit, environment, virtual_display

PATIENCE_S = 40
HERE = ".question:not([hidden])"


class WebKitPhone:
    """One browser window. `url`: the server, or the weather before it."""

    def __init__(self, driver: Any, url: str):
        self.driver = driver
        self.url = url

    def open(self, path: str) -> None:
        """A path of the site, or a whole address."""
        self.driver.get(path if "://" in path else self.url + path)

    def find(self, selector: str) -> WebElement:
        """The first visible one, waited for."""
        return self.until(
            lambda driver: next(
                (e for e in driver.find_elements(By.CSS_SELECTOR, selector) if e.is_displayed()),
                None,
            ),
            f"nothing visible at {selector}",
        )

    def all(self, selector: str) -> list[WebElement]:
        return list(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def says(self, selector: str, pattern: str) -> None:
        """Until the text there matches; shows what was there instead."""
        last = [""]

        def matches(driver: Any) -> bool:
            last[0] = driver.execute_script(
                "const e = document.querySelector(arguments[0]); return e ? e.textContent : ''",
                selector,
            )
            return re.search(pattern, last[0]) is not None

        self.until(matches, lambda: f"{selector} says {last[0]!r}, not {pattern!r}")

    def js(self, script: str) -> Any:
        return self.driver.execute_script(f"return {script}")

    def until(self, condition: Any, why: Any) -> Any:
        try:
            return WebDriverWait(
                self.driver, PATIENCE_S, 0.2, ignored_exceptions=[WebDriverException]
            ).until(condition)
        except WebDriverException as error:
            raise AssertionError(why() if callable(why) else why) from error

    def tap(self, element: WebElement) -> None:
        """In the middle of the screen: at its edges lie the bars."""
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def sign_in(self) -> None:
        self.open("/sign-in")
        self.find("[name=staff_no]").send_keys("c1")
        self.find("[name=password]").send_keys(PASSWORD)
        self.tap(self.find("main form button.pri, main form button[type=submit]"))
        self.find("nav.bar")

    def start(self, exam: str) -> str:
        """Into the paper; its address."""
        self.open(f"/exams/{exam}")
        self.tap(self.find("[name=agreed]"))
        self.tap(self.find("main form button.pri"))
        self.ready()
        return str(self.driver.current_url)

    def ready(self) -> None:
        self.find("html.scripts #bar")
        self.until(
            lambda _: self.js(
                "performance.getEntriesByType('resource').some((e) => e.name.includes('/state'))"
            ),
            "never synced",
        )

    def choose(self, position: int) -> None:
        self.until(lambda _: self.all(f"{HERE} .opt"), "no options")
        self.tap(self.all(f"{HERE} .opt")[position])

    def next(self) -> None:
        self.find("#next").click()

    def kept(self) -> list[str]:
        """Names of what the journal holds."""
        return list(self.js(KEPT))

    def close_page(self) -> None:
        """Away with the window; another one is open. (Killing its process ends the session of the
        driver and with it the storage: that is shown in Chromium.)"""
        gone = self.driver.current_window_handle
        self.driver.switch_to.new_window("tab")
        kept = self.driver.current_window_handle
        self.driver.switch_to.window(gone)
        self.driver.close()
        self.driver.switch_to.window(kept)


@contextmanager
def webkit_phone(paths: WebKit, display: str, url: str) -> Iterator[WebKitPhone]:
    """A new browser with nothing in it."""
    options = Options()
    options.binary_location = paths.browser
    options.add_argument("--automation")
    driver = webdriver.WebKitGTK(
        options=options, service=Service(paths.driver, env=environment(display))
    )
    try:
        driver.set_window_size(390, 844)
        yield WebKitPhone(driver, url)
    finally:
        driver.quit()


@contextmanager
def webkit_display(paths: WebKit) -> Iterator[str]:
    with virtual_display(paths.display) as name:
        yield name
