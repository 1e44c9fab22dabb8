from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tael.console.security import inside

pytestmark = pytest.mark.xdist_group("console")
Browse = Callable[..., httpx.Client]


def _token(client: httpx.Client) -> str:
    return client.get("/sign-in").text.split('name="form_token" value="')[1].split('"')[0]


def test_whoever_is_not_signed_in_is_led_to_the_form_and_back(browse: Browse) -> None:
    answer = browse().get("/loans?tier=2")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Floans%3Ftier%3D2"


def test_a_part_of_a_page_leads_the_whole_page_to_the_form(browse: Browse) -> None:
    answer = browse().get("/loans", headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer.headers["hx-redirect"].startswith("/sign-in")


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(browse: Browse) -> None:
    client = browse()
    data = {"login": "risk", "password": "nine silver sycees", "form_token": _token(client)}
    cookie = client.post("/sign-in", data=data).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_a_form_of_another_site_does_not_sign_in(browse: Browse) -> None:
    data = {"login": "risk", "password": "nine silver sycees", "form_token": "made-up"}
    assert browse().post("/sign-in", data=data).status_code == 403


def test_wrong_passwords_are_refused_and_then_locked(browse: Browse) -> None:
    client = browse()
    data = {"login": "nobody-here", "password": "wrong", "form_token": _token(client)}
    answers = [client.post("/sign-in", data=data) for _ in range(6)]
    assert answers[0].status_code == 401
    assert "Login or password is wrong" in answers[0].text
    assert answers[-1].status_code == 429
    assert "locked until 20" in answers[-1].text


def test_signing_out_ends_the_session(browse: Browse) -> None:
    client = browse("risk")
    csrf = client.get("/loans").text.split('name="csrf" value="')[1].split('"')[0]
    token = client.cookies["tael_session"]
    assert client.post("/sign-out", data={"csrf": "x"}).status_code == 403
    assert client.post("/sign-out", data={"csrf": csrf}).status_code == 303
    client.cookies.set("tael_session", token)
    assert client.get("/loans").status_code == 303


def test_the_language_once_chosen_stays(browse: Browse) -> None:
    client = browse("risk", language="en")
    answer = client.get("/language/zh-CN?next=/loans")
    assert answer.headers["location"] == "/loans"
    assert '<html lang="zh-CN"' in client.get("/loans").text
    assert client.get("/language/xx").status_code == 404


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("/loans?tier=2", "/loans?tier=2"),
        ("https://elsewhere.example", "/"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("", "/"),
    ],
)
def test_nobody_is_led_out_of_the_house(target: str, place: str) -> None:
    assert inside(target) == place
