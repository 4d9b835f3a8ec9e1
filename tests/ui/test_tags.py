import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.template import Context, Template

from apps.ui.parts import Kpi, KpiLine


def drawn(source: str, **context: Any) -> str:
    return re.sub(r">\s+<", "><", Template(source).render(Context(context)).strip())


@pytest.mark.parametrize(
    ("change", "good", "tone", "arrow", "text"),
    [
        (Decimal("0.085"), None, "mut", "arrow-up-right", "+8.5%"),
        (Decimal("0.085"), "up", "ok", "arrow-up-right", "+8.5%"),
        (Decimal("0.085"), "down", "crit", "arrow-up-right", "+8.5%"),
        (Decimal("-0.039"), "down", "ok", "arrow-down-right", "−3.9%"),
        (Decimal("-0.039"), "up", "crit", "arrow-down-right", "−3.9%"),
        (Decimal("0.0001"), "up", "mut", None, "0.0%"),
        (None, "up", "mut", None, "–"),
    ],
)
def test_a_delta_is_judged_only_where_a_direction_is_good(change, good, tone, arrow, text):
    html = drawn("{% delta change good %}", change=change, good=good)

    assert f'class="delta {tone}"' in html
    assert text in html
    assert (f"#{arrow}" in html) if arrow else "<svg" not in html


def test_a_state_has_shape_and_word_and_escapes_them():
    html = drawn('{% state "crit" word %}', word="<b>Blocked</b>")

    assert 'class="st crit"' in html
    assert "icons-1.svg#octagon-x" in html
    assert "&lt;b&gt;Blocked" in html


def test_a_spark_breaks_where_days_are_missing():
    html = drawn("{% spark values %}", values=[1, 2, None, 4, Decimal(3)])

    assert html.count("M") == 2
    assert html.count("L") == 2


@pytest.mark.parametrize("values", [[], [None], [5], [None, 5, None]])
def test_fewer_than_two_points_draw_nothing(values):
    assert drawn("{% spark values %}", values=values) == ""


def test_a_flat_spark_does_not_divide_by_zero():
    assert "<path" in drawn("{% spark values %}", values=[3, 3, 3])


def test_bars_stop_at_their_end():
    assert 'width="100.0%"' in drawn("{% sharebar 1.4 %}")
    assert 'width="92.8%"' in drawn("{% sharebar 0.928 %}")
    assert drawn("{% sharebar None %}") == ""
    assert 'width="100.0%"' in drawn('{% meter 140 "crit" "140 percent" %}')


def test_a_time_carries_the_whole_truth():
    html = drawn("{% ago at %}", at=datetime(2020, 6, 8, 9, 14, tzinfo=UTC))

    assert 'datetime="2020-06-08T09:14:00+00:00"' in html
    assert 'title="Mon 8 Jun 2020, 09:14 UTC"' in html
    assert drawn("{% ago at %}", at=None) == "never"


def test_filters_work_on_missing_values():
    html = drawn(
        '{{ n|money:"EUR" }} {{ n|integer }} {{ n|ctr }} {{ n|roas }} {{ n|compact }} {{ z|missing }}',
        n=None,
        z=0,
    )

    assert html == "– – – – – 0"


def test_a_kpi_has_one_line_per_currency():
    cell = Kpi("Spend", "?metric=spend", current=True, lines=[KpiLine("€1", Decimal("0.1")), KpiLine("¥2")])

    html = drawn("{% kpi cell %}", cell=cell)

    assert html.count('class="m"') == 2
    assert 'aria-current="true"' in html
    assert 'class="v"' not in html


def test_a_kpi_without_an_address_is_no_link():
    assert "<a" not in drawn("{% kpi cell %}", cell=Kpi("Calls", value="12"))


def test_blocks_keep_markup_and_escape_values():
    html = drawn('{% callout "warn" title %}<p>{{ text }}</p>{% endcallout %}', title="<1>", text="<2>")

    assert "<b>&lt;1&gt;</b>" in html
    assert "<p>&lt;2&gt;</p>" in html


def test_an_urgent_callout_is_an_alert():
    assert 'role="alert"' in drawn('{% callout "crit" "No" urgent=True %}{% endcallout %}')


def test_a_menu_is_a_details_element():
    html = drawn('{% menu value label="Accounts" %}<a href="#">x</a>{% endmenu %}', value="All <6>")

    assert html.startswith('<details class="menu"><summary class="chip">')
    assert "<b>All &lt;6&gt;</b>" in html
    assert '<div class="sheet"><a href="#">x</a></div>' in html


def test_empty_and_provenance():
    assert "No open errors" in drawn('{% empty "good" "No open errors" %}{% endempty %}')
    assert drawn('{% provenance "a" "" None "b" %}') == "<footer><span>a</span><span>b</span></footer>"
    assert drawn('{% provenance "" %}') == ""


class Sample(forms.Form):
    batch = forms.IntegerField(max_value=50, help_text="Per request")
    both = forms.MultipleChoiceField(choices=[("a", "A")], widget=forms.CheckboxSelectMultiple)
    sure = forms.BooleanField(required=False)


def test_errors_stand_under_their_field_and_are_tied_to_it():
    form = Sample({"batch": "60"})
    form.is_valid()

    html = drawn("{% field form.batch %}", form=form)

    assert 'aria-describedby="id_batch_helptext id_batch_error"' in html
    assert 'id="id_batch_helptext"' in html
    assert 'id="id_batch_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'class="input"' in html


def test_help_that_is_left_out_is_not_referred_to():
    html = drawn("{% field form.batch help=False %}", form=Sample())

    assert "helptext" not in html


def test_every_kind_of_field_has_a_label():
    html = drawn("{% fields form %}", form=Sample())

    assert html.count("<label") == 3
    assert "<legend" in html
