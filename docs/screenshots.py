"""Every page at 1280 and 390 px, in light and dark: ``.venv/bin/python -m docs.screenshots FOLDER`` in the project's folder.

The pictures of the README are some of these. The listeners in them are simulated, and the pages say so.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from listening_tests import researcher
from listening_tests import study as studies
from listening_tests.simulate import simulate
from listening_tests.store import Store
from tests.browser.people import ROOT, App, Listener, command, sign_in
from tests.browser.walker import HURRY

WIDTHS = {1280: "laptop", 390: "phone"}
INTERFACES = {("laptop", "light"): "en", ("laptop", "dark"): "de", ("phone", "light"): "zh-Hans", ("phone", "dark"): "de"}
DEMO = ROOT / "data" / "demo"
FIGURES = {
    "compare": (("figures", "heading", "People and models on", 1270), ("cell", "heading", "Clips in one cell", 930)),
    "segments": (("figures", "group", "Who marked which part", 1000),),
}
"""Of the parts of a page that get a picture of their own: its name, where it begins, and its height in px."""


@contextlib.contextmanager
def _app() -> Iterator[App]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["-m", "streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true"]
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        next(line for line in process.stdout if "URL:" in line)
        password = researcher.ensure_password() or researcher.new_password()
        yield App(f"http://127.0.0.1:{port}", Path(os.environ["EARWITNESS_DATA"]), password, process)
    finally:
        process.terminate()
        process.communicate()


def _fill(folder: Path) -> None:
    os.environ["EARWITNESS_DATA"] = str(folder)
    demo, store = studies.load(DEMO), Store()
    store.open_study(demo)
    simulate(demo, store, listeners=12, seed=1)
    tables = ["--stimuli", str(DEMO / "stimuli.csv"), "--train", str(DEMO / "training" / "stimuli.csv")]
    for model in ("majority", "logmel_probe", "frame_head"):
        command("ser_core", "predict", *tables, "--model", model, "--out", str(folder / "runs" / f"demo-{model}"))


def _researcher(app: App, page: Page, name: str, out: Path) -> None:
    page.goto(f"{app.address}/{name}")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.wait_for_load_state("networkidle")
    if name in ("segments", "compare"):
        expect(page.get_by_role("heading", name="The same without this page")).to_be_visible()
        expect(page.locator(".js-plotly-plot").last).to_be_visible()
    if name == "experiments":
        expect(page.locator(".js-plotly-plot").first).to_be_visible()  # its last ones are folded away
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    width = (page.viewport_size or {"width": 1280})["width"]
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(int(height), 9000)})
    page.wait_for_load_state("networkidle")
    page.screenshot(path=out)
    for part, role, words, height in FIGURES.get(name, ()):
        top = page.get_by_role(role, name=words).bounding_box()  # type: ignore[arg-type]
        assert top is not None
        clip = {"x": 0, "y": top["y"] - 14, "width": width, "height": height}
        page.screenshot(path=out.with_name(f"{out.stem}-{part}.png"), clip=clip)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 860})


def _listener(app: App, page: Page, interface: str, out: Path) -> None:
    study = studies.load(DEMO)
    (invitation,) = Store().invite(study)
    page.goto(app.link(study, invitation))
    listener = Listener(page, interface)

    def shot(name: str) -> None:
        page.wait_for_load_state("networkidle")
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
        page.screenshot(path=out.with_name(f"{name}-{out.stem}.png"), full_page=True)

    expect(listener.button("consent.agree")).to_be_visible()
    shot("consent")
    listener.agree()
    expect(listener.button("continue")).to_be_visible()
    shot("background")
    listener.describe({"cmn": "none", "de": "native", "en": "C"})
    listener.answer("angry")
    expect(listener.button("training.begin")).to_be_visible()
    shot("feedback")
    listener.begin()
    expect(page.get_by_role("button", name=listener.words["player.play"])).to_be_visible()
    shot("waiting")
    listener.hear()
    listener.choice("happy").click()
    shot("trial")


def _look(browser: Browser, app: App, folder: Path) -> None:
    for width, device in WIDTHS.items():
        for scheme in ("light", "dark"):
            interface = INTERFACES[device, scheme]
            with _page(browser, width, scheme, interface) as page:
                _listener(app, page, interface, folder / f"{device}-{scheme}.png")
                page.goto(f"{app.address}/studies")
                expect(page.get_by_label("Password")).to_be_visible()
                page.screenshot(path=folder / f"sign_in-{device}-{scheme}.png")
                sign_in(page, app, "studies")
                for name in ("studies", "models", "segments", "compare"):
                    _researcher(app, page, name, folder / f"{name}-{device}-{scheme}.png")
    command("ser_core", "run", str(ROOT / "data" / "experiments" / "demo.yaml"))  # now, for it fills Compare with its models
    for width, device in WIDTHS.items():
        for scheme in ("light", "dark"):
            with _page(browser, width, scheme, "en") as page:
                sign_in(page, app, "studies")
                _researcher(app, page, "experiments", folder / f"experiments-{device}-{scheme}.png")


@contextlib.contextmanager
def _page(browser: Browser, width: int, scheme: str, interface: str) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": width, "height": 860},
        has_touch=width < 500,
        color_scheme=scheme,  # type: ignore[arg-type]
        locale={"zh-Hans": "zh-CN"}.get(interface, interface),
        device_scale_factor=1,
    )
    context.add_init_script(HURRY)
    yield context.new_page()
    context.close()


def main() -> None:
    """Make a demo with simulated listeners, three models and an experiment, and take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=120_000)  # no picture is worth failing over a busy machine
    with tempfile.TemporaryDirectory() as data:
        _fill(Path(data))
        with _app() as app, sync_playwright() as playwright:
            path = os.environ.get("EARWITNESS_CHROMIUM", "/usr/bin/chromium")
            browser = playwright.chromium.launch(
                executable_path=path, args=["--no-sandbox", "--disable-background-networking"]
            )
            _look(browser, app, folder)
            browser.close()


if __name__ == "__main__":
    main()
