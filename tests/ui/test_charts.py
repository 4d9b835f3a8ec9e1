from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.template import Context, Template

from apps.ui import charts, kit

DAYS = [date(2026, 11, 1) + timedelta(days=n) for n in range(4)]
BEFORE = [day - timedelta(days=4) for day in DAYS]


def trend(**more):
    given = {
        "name": "1 – 4 Nov",
        "days": DAYS,
        "values": [Decimal("10.5"), None, Decimal(0), Decimal(3)],
        "format": charts.money("EUR"),
    }
    return charts.Trend(**given | more)


def test_a_trend_says_what_the_script_needs():
    before = charts.Before("28 – 31 Oct", [1, 2, 3, None], BEFORE)
    band = charts.Band(DAYS[3], DAYS[3], "today")
    mark = charts.Mark(DAYS[1], "Singles’ Day", "crit")

    spec = trend(before=before, partial=[band], marks=[mark]).spec()

    assert spec == {
        "kind": "trend",
        "step": "day",
        "name": "1 – 4 Nov",
        "x": ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04"],
        "y": [10.5, None, 0.0, 3.0],
        "format": {"prefix": "€", "suffix": "", "decimals": 2},
        "previous": {
            "name": "28 – 31 Oct",
            "y": [1.0, 2.0, 3.0, None],
            "x": ["2026-10-28", "2026-10-29", "2026-10-30", "2026-10-31"],
        },
        "partial": [{"from": "2026-11-04", "to": "2026-11-04", "text": "today"}],
        "marks": [{"x": "2026-11-02", "text": "Singles’ Day", "tone": "crit"}],
    }


def test_the_table_has_the_same_numbers_in_full():
    before = charts.Before("before", [1, 2], BEFORE)
    band = charts.Band(DAYS[3], DAYS[3])

    table = trend(before=before, partial=[band]).table()

    assert table.heads == ["Day", "1 – 4 Nov", "before"]
    assert table.rows[0] == ("Sun 1 Nov 2026", ["€10.50", "€1.00"])
    assert table.rows[1][1][0] == "–"
    assert table.rows[2] == ("Tue 3 Nov 2026", ["€0.00", "–"])
    assert table.rows[3][0] == "Wed 4 Nov 2026, so far"


def test_shares_become_percent_for_the_script_and_the_table():
    figure = trend(values=[Decimal("0.0136")], days=DAYS[:1], format=charts.CTR)

    assert figure.spec()["y"] == [pytest.approx(1.36)]
    assert figure.table().rows[0][1] == ["1.36%"]


def test_negative_money_keeps_its_sign_before_the_symbol():
    assert charts.money("GBP").text(Decimal("-3.5")) == "−£3.50"


def test_each_panel_has_its_own_scale_and_days_still_open():
    band = charts.Band(DAYS[2], DAYS[3], "late")
    panels = [
        charts.Panel("EUR", "EUR, 1 account", [1, 2, 3, 4], charts.money("EUR")),
        charts.Panel("JPY", "JPY, 1 account", [1, None, 3, 4], charts.money("JPY"), partial=[band]),
    ]

    figure = charts.Multi(DAYS, panels)

    assert [panel["format"]["decimals"] for panel in figure.spec()["panels"]] == [2, 0]
    assert "partial" not in figure.spec()["panels"][0]
    assert figure.spec()["panels"][1]["partial"][0]["from"] == "2026-11-03"
    assert figure.table().heads == ["Day", "EUR", "JPY"]
    assert figure.table().rows[3][0].endswith("so far")


def test_hours_keep_their_clock():
    hours = [datetime(2026, 11, 1, 9), datetime(2026, 11, 1, 10)]
    figure = charts.Stack(hours, [charts.Series("Failed", [1, 2], "crit", hatch=True)], step="hour")

    assert figure.spec()["x"] == ["2026-11-01T09:00:00", "2026-11-01T10:00:00"]
    assert figure.spec()["series"] == [{"name": "Failed", "y": [1.0, 2.0], "tone": "crit", "hatch": True}]
    assert figure.table().rows[0][0] == "Sun 1 Nov 2026, 09:00"


def test_no_value_at_all_is_empty():
    assert trend(values=[None] * 4).is_empty
    assert not trend(values=[None, 0, None, None]).is_empty


@pytest.mark.parametrize("name", sorted(kit.figures()))
def test_every_sample_renders_a_picture_and_a_table(name):
    source = '{% chart figure id="c" label=label %}{% chart_table figure id="c" title="T" %}'

    html = Template(source).render(Context({"figure": kit.figures()[name], "label": "A & B"}))

    assert 'id="c-spec" type="application/json"' in html
    assert 'aria-label="A &amp; B"' in html
    assert 'data-for="c"' in html
    assert "<tbody>" in html
    assert "style=" not in html


def test_names_from_outside_cannot_close_the_script():
    figure = charts.Ranking("Purchases", ["</script><b>"], [1], charts.COUNT)

    html = Template('{% chart f id="c" label="x" %}').render(Context({"f": figure}))

    assert html.count("</script>") == 1
