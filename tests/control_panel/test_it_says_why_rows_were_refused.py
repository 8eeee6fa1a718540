"""The detail of a refused row, in the reader's language."""

import io
import time
from typing import Any

import pytest
from psycopg import Connection

from db import blacklist
from db.blacklist import BlacklistReason
from tests.control_panel import sample
from tests.control_panel.conftest import SignIn

CSV = (
    "phone,name\n+79161234567,Ann\n8 916 123-45-67,Twice\n,None\n12,Short\n?,Strange\n"
    "+78091234567,Dear\n+79160000001,Listed\n+79164000000,Known\n"
)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "ru",
            ["тот же номер в строке 2", "ячейка с номером пуста", "такого номера нет ни в одной стране",
             "в нём знаки, которых в номере не бывает", "звонок на него платный", "По закону · Общий список",
             "номер уже есть в кампании"],
        ),
        (
            "en",
            ["row 2 has the same number", "the cell of the phone number is empty",
             "it is in no country&#39;s numbering plan", "it holds characters that no phone number has",
             "calling it costs extra", "Legal · General list", "the campaign has this number already"],
        ),
    ],
)  # fmt: skip
def test_every_detail_is_in_the_readers_words(
    sign_in: SignIn, conn: Connection[Any], language: str, said: list[str]
) -> None:
    campaign_id = sample.a_campaign(conn, pair=sample.a_gateway(conn))
    sample.contacts(conn, campaign_id, 1)
    blacklist.add(conn, "+79160000001", BlacklistReason.LEGAL)
    browser = sign_in("admin", language)
    browser.get(f"/campaigns/{campaign_id}/imports/new")
    file = {"file": (io.BytesIO(CSV.encode()), "people.csv")}
    preview = browser.post(f"/campaigns/{campaign_id}/imports/new", file).location
    browser.get(preview)
    answer = browser.post(preview, {"phone": "0", "name": "1"}, follow_redirects=True)
    while "data-import=" in answer.get_data(as_text=True):
        time.sleep(0.05)
        answer = browser.get(answer.request.path)
    page = answer.get_data(as_text=True)
    assert [text for text in said if f"<td>{text}</td>" not in page] == []
    report = browser.get(f"{answer.request.path}/rejects.csv").get_data(as_text=True)
    assert said[0] in report
