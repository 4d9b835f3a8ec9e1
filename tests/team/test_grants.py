"""A marketer sees the ad accounts granted and nothing of the others, wherever it is asked."""

import pytest
from django.core.management import CommandError

from apps.connections.models import AccountGrant, AdAccount
from apps.reporting import foreground, sync
from apps.reporting.models import Campaign, SyncRun

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def scene(make_account, marketer, no_pauses):
    """Two synced ad accounts, one of them granted to the marketer."""
    mine, others = make_account("Fjäll"), make_account("Brauhaus")
    foreground.work_off(sync.request([mine, others], SyncRun.Reason.COMMAND))
    AccountGrant.objects.create(user=marketer, account=mine)
    SyncRun.objects.all().delete()
    return mine, others


def names(account):
    return set(Campaign.objects.filter(account=account).values_list("meta_id", "name"))


@pytest.mark.parametrize("address", ["/performance/", "/performance/?accounts={}", "/performance/export.csv",
                                     "/performance/export.csv?accounts={}", "/accounts/", "/"])  # fmt: skip
def test_no_page_shows_anything_of_another_account(scene, marketer, signed_in, address):
    mine, others = scene
    page = signed_in(marketer).get(address.format(others.act_id), follow=True)

    content = page.getvalue() if page.streaming else page.content
    text = content.decode()
    assert page.status_code == 200
    assert others.name not in text
    assert others.meta_id not in text or others.meta_id in address.format(
        others.act_id
    )  # its own words come back
    for campaign, name in names(others) - names(mine):
        assert campaign not in text
        if name not in {other for _, other in names(mine)}:
            assert name not in text


def test_the_csv_holds_what_was_granted(scene, marketer, signed_in):
    mine, _ = scene

    lines = signed_in(marketer).get("/performance/export.csv").getvalue().decode().splitlines()

    assert len(lines) > 1
    assert all(line.startswith(mine.meta_id) for line in lines[1:])


@pytest.mark.parametrize("asked", ["", "{others}", "{mine},{others}", "all"])
def test_a_sync_is_asked_for_what_was_granted_only(scene, marketer, signed_in, asked):
    mine, others = scene
    words = asked.format(mine=mine.meta_id, others=others.meta_id)

    signed_in(marketer).post("/performance/sync/", {"accounts": words})

    assert {run.account for run in SyncRun.objects.all()} <= {mine}


def test_without_a_grant_there_is_nothing_and_everything_works(scene, make_person, signed_in):
    browser = signed_in(make_person("marketer", "new@agency.example"))

    for address in ("/performance/", "/performance/export.csv", "/accounts/"):
        assert browser.get(address).status_code == 200
    assert browser.post("/performance/sync/").status_code == 302
    assert not SyncRun.objects.exists()


@pytest.mark.parametrize("role", ["support", "admin"])
def test_who_sees_every_account_needs_no_grant(scene, make_person, role):
    assert AdAccount.objects.visible_to(make_person(role)).count() == 12


def test_an_account_is_granted_by_its_id_with_or_without_act(run, scene, marketer):
    _, others = scene
    AccountGrant.objects.all().delete()

    said = run("grant", marketer.email, others.act_id)

    assert said == "marketer@agency.example now sees 1 ad account."
    assert list(AdAccount.objects.visible_to(marketer)) == [others]
    assert run("grant", "Marketer@Agency.Example", others.meta_id) == said


def test_all_accounts_known_now_can_be_granted(run, scene, marketer):
    assert run("grant", marketer.email, "all") == "marketer@agency.example now sees 12 ad accounts."


def test_a_grant_can_be_taken_back(run, scene, marketer):
    mine, _ = scene

    said = run("grant", marketer.email, mine.act_id, "--revoke")

    assert said == "marketer@agency.example now sees 0 ad accounts."
    assert not AdAccount.objects.visible_to(marketer).exists()


def test_an_account_that_nobody_knows_is_named_and_nothing_granted(run, scene, marketer):
    _, others = scene

    said = run("grant", marketer.email, others.act_id, "act_404")

    assert isinstance(said, CommandError)
    assert "Unknown ad account: act_404." in str(said)
    assert marketer.account_grants.count() == 1


def test_a_person_whom_nobody_knows_is_named(run, scene):
    said = run("grant", "nobody@agency.example", "all")

    assert isinstance(said, CommandError)
    assert "Nobody here has the address nobody@agency.example." in str(said)
