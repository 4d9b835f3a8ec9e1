"""Rows, not pages."""

import pytest

from apps.graphapi import BadAnswer, InvalidRequest, ServerFault, Throttled, TooMuchData
from tests.graphapi.conftest import sample


def page(*ids, after=None, next=None):
    body = {"data": [{"id": i} for i in ids]}
    if after or next:
        body["paging"] = {"next": next or "https://graph.facebook.com/v26.0/x?access_token=EAABx&after=zzz"}
    if after:
        body["paging"]["cursors"] = {"before": "b", "after": after}
    return body


def ids(rows):
    return [row["id"] for row in rows]


def test_rows_come_from_all_pages_in_order(client, meta):
    meta.answer(page("1", "2", after="c1"))
    meta.answer(page("3"))

    assert ids(client.each("act_42/campaigns", fields=["id"])) == ["1", "2", "3"]
    assert meta.requests[0].query == {"fields": "id", "limit": "100"}
    assert meta.requests[1].query == {"fields": "id", "limit": "100", "after": "c1"}
    assert meta.requests[1].path == "/v26.0/act_42/campaigns"


def test_pages_are_fetched_as_they_are_needed(client, meta):
    meta.answer(page("1", after="c1"))

    assert next(client.each("act_42/campaigns"))["id"] == "1"
    assert len(meta.requests) == 1


def test_short_and_empty_pages_do_not_end_a_list(client, meta):
    meta.answer(page(after="c1"))
    meta.answer(page("1", after="c2"))
    meta.answer(page(after="c3"))
    meta.answer(page("2"))

    assert ids(client.each("me/adaccounts", limit=50)) == ["1", "2"]


def test_cursors_without_next_end_a_list(client, meta):
    meta.answer(sample("insights"))

    assert len(list(client.each("act_42/insights"))) == 1


def test_an_empty_list_is_empty(client, meta):
    meta.answer({"data": []})

    assert list(client.each("me/adaccounts")) == []


def test_the_next_address_is_never_followed(client, meta):
    meta.answer(sample("adaccounts"))
    meta.answer({"data": []})

    list(client.each("me/adaccounts", fields="name", limit=200))

    assert meta.requests[1].query == {"fields": "name", "limit": "200", "after": "MjM4NDI"}


def test_without_cursors_only_cursor_parameters_are_taken_from_next(client, meta):
    address = (
        "https://evil.example/v1.0/other?access_token=EAABx&limit=9&fields=all&offset=25&__paging_token=t&x=1"
    )
    meta.answer(page("1", next=address))
    meta.answer(page("2"))

    assert ids(client.each("act_42/ads", fields="id")) == ["1", "2"]
    assert meta.requests[1].query == {"fields": "id", "limit": "100", "offset": "25", "__paging_token": "t"}
    assert meta.requests[1].path == "/v26.0/act_42/ads"


@pytest.mark.parametrize("address", ["https://graph.facebook.com/x?limit=9", "http://[", 7, True])
def test_a_next_page_without_a_cursor_is_an_error(client, meta, address):
    meta.answer(page("1", next=address))

    rows = client.each("act_42/ads")

    assert next(rows)["id"] == "1"
    with pytest.raises(
        BadAnswer, match=r"GET act_\{id\}/ads: The next page has no cursor.*Start the list again"
    ):
        next(rows)


def test_a_list_that_goes_in_circles_is_an_error(client, meta):
    meta.answer(page("1", after="c1"))
    meta.answer(page("2", after="c2"))
    meta.answer(page("3", after="c1"))

    with pytest.raises(BadAnswer, match="came back"):
        list(client.each("act_42/ads"))

    assert len(meta.requests) == 3


@pytest.mark.parametrize("body", [{"id": "1"}, {"data": {"id": "1"}}, {"data": ["x"]}, {"data": None}])
def test_what_is_not_a_list_is_an_error(client, meta, body):
    meta.answer(body)

    with pytest.raises(BadAnswer, match="not a page of rows"):
        list(client.each("me"))


def test_a_page_too_heavy_is_asked_again_in_halves_from_the_same_cursor(client, meta, sleeps):
    meta.answer(page("1", after="c1"))
    meta.refuse("page too heavy")
    meta.refuse("page too heavy")
    meta.answer(page("2", after="c2"))
    meta.answer(page("3"))

    assert ids(client.each("act_42/ads", limit=100)) == ["1", "2", "3"]
    assert [seen.query["limit"] for seen in meta.requests] == ["100", "100", "50", "25", "25"]
    assert [seen.query.get("after") for seen in meta.requests] == [None, "c1", "c1", "c1", "c2"]
    assert sleeps == []


def test_after_an_overload_the_pages_shrink_with_pauses_and_grow_back(client, meta, sleeps):
    meta.refuse("overloaded")
    meta.refuse("overloaded")
    for n in range(3):
        meta.answer(page(str(n), after=f"c{n}"))
    meta.answer(page("3"))

    list(client.each("act_42/ads", limit=100))

    assert [seen.query["limit"] for seen in meta.requests] == ["100", "50", "25", "50", "100", "100"]
    assert sleeps == [5.0, 10.0]


def test_a_page_of_one_row_cannot_be_made_lighter(client, meta):
    for _ in range(3):
        meta.refuse("page too heavy")

    with pytest.raises(TooMuchData):
        list(client.each("act_42/ads", limit=4))

    assert [seen.query["limit"] for seen in meta.requests] == ["4", "2", "1"]


def test_an_overload_with_a_single_row_is_waited_out_like_any_hiccup(client, meta, sleeps):
    for _ in range(5):
        meta.refuse("overloaded")

    with pytest.raises(ServerFault):
        list(client.each("act_42/ads", limit=1))

    assert sleeps == [5, 10, 20, 40]


def test_a_report_with_too_many_rows_is_not_cured_by_smaller_pages(client, meta):
    meta.answer({"error": {"code": 100, "error_subcode": 1487534, "message": "too many rows"}}, 400)

    with pytest.raises(TooMuchData):
        list(client.each("act_42/insights", limit=100))

    assert len(meta.requests) == 1


def test_a_throttle_in_the_middle_comes_out_at_once(client, meta):
    meta.answer(page("1", after="c1"))
    meta.refuse("management allowance spent")

    rows = client.each("act_42/ads")

    assert next(rows)["id"] == "1"
    with pytest.raises(Throttled):
        next(rows)


def test_a_dead_cursor_says_to_start_again(client, meta):
    meta.answer(page("1", after="c1"))
    meta.refuse("bad cursor")

    with pytest.raises(InvalidRequest, match=r"2642.*Start the list again from its first page"):
        list(client.each("act_42/ads"))


def test_a_hiccup_between_pages_is_waited_out(client, meta):
    meta.answer(page("1", after="c1"))
    meta.answer(b"<html>", 502)
    meta.answer(page("2"))

    assert ids(client.each("act_42/ads")) == ["1", "2"]
