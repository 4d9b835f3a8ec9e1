"""What Meta lists as a token's ad accounts is kept: odd rows too, and what is lost and comes back."""

import pytest

from apps.connections import tokens
from apps.connections.models import AdAccount, Connection
from tests.other_graph import TOKEN

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def listed(other_graph):
    """Connects after Meta has come to list these rows; gives the ad accounts by id."""

    def connect(*rows):
        other_graph.accounts = list(rows)
        tokens.connect("reporting", TOKEN)
        return {account.meta_id: account for account in AdAccount.objects.all()}

    return connect


def row(number, **more):
    return {"id": f"act_{number}", "account_id": str(number), "name": f"Shop {number}", "currency": "EUR",
            "timezone_name": "Europe/Berlin", "account_status": 1} | more  # fmt: skip


def test_an_ad_account_is_kept_as_meta_describes_it(listed):
    account = listed(
        row(
            41,
            name="Café ☕",
            currency="JPY",
            timezone_name="Asia/Tokyo",
            account_status=2,
            disable_reason=3,
            business={"id": "77", "name": "Nordlicht"},
            amount_spent="123456789012",
            spend_cap="0",
            user_tasks=["ANALYZE"],
        )
    )["41"]

    assert (account.name, account.act_id, account.currency) == ("Café ☕", "act_41", "JPY")
    assert account.zone.key == "Asia/Tokyo"
    assert account.status_word == "Disabled"
    assert (account.business_id, account.business_name) == ("77", "Nordlicht")
    assert (account.amount_spent, account.spend_cap) == (123456789012, None)
    assert account.reach.get().tasks == ["ANALYZE"]
    assert account.status_sentence


ODD = {
    "nothing but an id": {"name": None, "currency": None, "timezone_name": None, "account_status": None},
    "a zone of another planet": {"timezone_name": "Mars/Olympus_Mons"},
    "a zone that is a path": {"timezone_name": "../../etc/passwd"},
    "a zone that is a number": {"timezone_name": 7},
    "a zone with a zero byte": {"timezone_name": "Europe\x00Berlin"},
    "a status in words": {"account_status": "ACTIVE"},
    "an enormous status": {"account_status": 10**30},
    "a negative reason": {"disable_reason": -(10**12)},
    "an amount in words": {"amount_spent": "a lot", "spend_cap": "none"},
    "an amount without end": {"amount_spent": "9" * 40, "spend_cap": "9" * 5000},
    "a business that is a text": {"business": "Nordlicht"},
    "a business without a name": {"business": {"id": 77}},
    "tasks that are a text": {"user_tasks": "ANALYZE"},
    "tasks with a zero byte": {"user_tasks": ["ANA\x00LYZE", None, 4]},
    "a zero byte in the name": {"name": "Ca\x00fé"},
    "half an emoji": {"name": "Shop \ud83d"},
    "an endless name": {"name": "x" * 10_000},
    "an endless currency": {"currency": "EURO" * 10},
    "an id that is a number": {"account_id": 41},
    "no account_id": {"account_id": None},
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_description_costs_nobody_the_connection(listed, case):
    found = listed(row(41, **ODD[case]), row(42))

    assert set(found) == {"41", "42"}
    account = found["41"]
    assert str(account)
    assert account.today()
    assert account.status_word
    assert len(account.currency) == 3


def test_an_unknown_zone_counts_as_utc(listed):
    assert listed(row(41, timezone_name="Mars/Olympus_Mons"))["41"].zone.key == "UTC"


@pytest.mark.parametrize("bad", [{"id": None, "account_id": None}, {"id": "act_", "account_id": ""},
                                 {"account_id": "4" * 33}, {"account_id": "../me"}])  # fmt: skip
def test_an_ad_account_without_an_id_is_no_answer(listed, bad):
    with pytest.raises(tokens.Unchecked, match="an ad account without an id"):
        listed(row(41), row(42, **bad))

    assert not Connection.objects.exists()


def test_an_ad_account_listed_twice_is_one(listed):
    assert list(listed(row(41), row(41, name="Again"))) == ["41"]
    assert AdAccount.objects.get().name == "Again"


def test_hundreds_of_ad_accounts_are_found(listed, other_graph):
    other_graph.page_sizes = [100]

    assert len(listed(*(row(n) for n in range(1, 451)))) == 450


def test_details_that_may_not_be_read_are_done_without(listed, sandbox):
    sandbox.fail(path="/me/adaccounts$", code=200, status=403, message="(#200) business")

    tokens.connect("sandbox", sandbox.token())

    assert AdAccount.objects.count() == 12
    assert not AdAccount.objects.exclude(business_name="").exists()


def test_details_that_may_not_be_read_today_stay_as_they_were_known(sandbox):
    tokens.connect("sandbox", sandbox.token())
    details = ("meta_id", "business_name", "business_id", "amount_spent", "spend_cap", "reach__tasks")
    known = set(map(str, AdAccount.objects.values_list(*details)))
    AdAccount.objects.update(name="Old name")
    sandbox.fail(path="/me/adaccounts$", code=200, status=403, message="(#200) business")

    tokens.connect("sandbox", sandbox.token())

    assert AdAccount.objects.exclude(business_name="").exists()
    assert set(map(str, AdAccount.objects.values_list(*details))) == known
    assert not AdAccount.objects.filter(name="Old name").exists()


def test_an_account_that_is_listed_no_more_counts_as_lost_and_keeps_its_rows(listed):
    listed(row(41), row(42))

    listed(row(41))

    assert [account.meta_id for account in AdAccount.objects.reachable()] == ["41"]
    assert AdAccount.objects.count() == 2
    assert AdAccount.objects.get(meta_id="42").reach.get().lost_at is not None


def test_an_account_that_is_listed_again_is_reached_again(listed):
    listed(row(41), row(42))
    since = AdAccount.objects.get(meta_id="42").reach.get().since
    listed(row(41))

    listed(row(41), row(42, name="New name"))

    reach = AdAccount.objects.get(meta_id="42").reach.get()
    assert reach.lost_at is None
    assert reach.since > since
    assert AdAccount.objects.get(meta_id="42").name == "New name"
    assert AdAccount.objects.reachable().count() == 2


def test_losing_everything_keeps_the_connection(listed):
    listed(row(41))

    listed()

    assert Connection.objects.get().state == "active"
    assert not AdAccount.objects.reachable().exists()


def test_an_account_is_read_by_a_system_user_before_a_person(make_connection):
    from apps.connections import clients

    make_connection("Zoë", "user")
    make_connection("reporting", "system")

    assert clients.connection_for(AdAccount.objects.first()).name == "reporting"


def test_an_account_that_is_reached_by_nobody_says_so(make_account):
    from apps.connections import clients

    account = make_account()
    Connection.objects.get().refuse(tokens.TokenRefused("gone"))

    with pytest.raises(clients.NoConnection, match=r"No working connection reaches Fjäll.*act_\d+"):
        clients.connection_for(account)
