"""The log's lines become calls: a second Call-ID is a second call, and half a line is no fact."""

import pytest

from sipp.log_reader import read_calls
from sipp.report import peak_concurrency, peak_rate, report

LOG = """100.0 500000.0 a invite +79160000001 human1
100.0 600000.0 a ringing 180
102.0 0.0 a answered 200
108.0 0.0 a digit 1 events
109.0 500000.0 a ended bye_received 200
100.0 700000.0 b invite +79160000002 busy
100.0 710000.0 b ended rejected 486
"""


@pytest.fixture
def write(tmp_path):
    def written(text, name="calls-1.log"):
        (tmp_path / name).write_bytes(text.encode())
        return read_calls(tmp_path)

    return written


def test_it_reads_a_call_from_invite_to_end(write):
    call, busy = write(LOG)
    assert (call.call_id, call.number, call.kind) == ("a", "+79160000001", "human1")
    assert (call.invited_at, call.rang_at, call.answered_at, call.ended_at) == (100.5, 100.6, 102.0, 109.5)
    assert (call.digits_sent, call.ended, call.final_code, call.talk_s) == ("1", "bye_received", 200, 7.5)
    assert (busy.answered_at, busy.ended, busy.final_code, busy.talk_s) == (None, "rejected", 486, None)


def test_at_the_very_second_sipp_writes_no_microseconds(write):
    call, busy = write(LOG.replace("100.0 700000.0 b", "101.0  b").replace("102.0 0.0 a", "102.0  a"))
    assert (busy.number, busy.invited_at, call.answered_at) == ("+79160000002", 101.0, 102.0)


def test_a_second_call_id_for_the_same_number_is_a_second_call(write):
    calls = write(LOG + "100.0 800000.0 c invite +79160000001 human1\n")
    assert [call.call_id for call in calls if call.number == "+79160000001"] == ["a", "c"]
    assert calls[-1].ended == ""


def test_an_invite_noted_twice_with_one_call_id_is_one_call(write):
    assert len(write(LOG + "101.0 0.0 a invite +79160000001 human1\n")) == 2


@pytest.mark.parametrize("cut", range(1, 37))
def test_a_log_that_was_cut_off_anywhere_keeps_its_whole_lines(write, cut):
    calls = write(LOG[:-cut])
    assert len(calls) == 2
    assert calls[1].ended == ""


def test_lines_of_other_programs_and_unknown_calls_are_left_out(write):
    calls = write("hello\n\n1.0 x a invite 1 busy\n1.0 2.0 z digit 1 events\n1.0 2.0 z nonsense 1\n" + LOG)
    assert len(calls) == 2


def test_the_logs_of_several_carriers_are_read_together(write):
    write(LOG)
    calls = write("50.0 0.0 d invite 79160000009 fax\n", name="calls-2.log")
    assert [call.call_id for call in calls] == ["d", "a", "b"]
    assert calls[0].number == "+79160000009"


def test_no_log_is_no_calls(tmp_path):
    assert read_calls(tmp_path) == []
    assert report([]) == "no calls"


def test_the_report_counts_per_kind_and_in_all(write):
    text = report(write(LOG + "100.0 800000.0 c invite +79160000001 human1\n"))
    human, total = (next(line.split() for line in text.splitlines() if line.startswith(n)) for n in ("human1", "total"))
    assert human == ["human1", "2", "1", "200×1", "1×1", "bye_received×1", "open×1", "7.5", "7.5"]
    assert total[:3] == ["total", "3", "1"]
    assert "3 calls to 2 numbers (1 repeated)" in text


def test_it_knows_the_highest_load(write):
    calls = write(LOG)
    assert peak_concurrency(calls) == 2
    assert peak_rate(calls) == 2
