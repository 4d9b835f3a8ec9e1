"""What people may ask of groups of errors."""

from typing import Any

from django import forms

from apps.team import roles
from apps.team.models import User

from . import triage
from .models import ErrorGroup
from .triage import Done, Person

RESOLVE, IGNORE_DAY, IGNORE_MORE, IGNORE, REOPEN = "resolve", "ignore-day", "ignore-more", "ignore", "reopen"
_DEEDS = {
    RESOLVE: "Resolve",
    IGNORE_DAY: "Ignore for 24 hours",
    IGNORE_MORE: "Ignore until more have come",
    IGNORE: "Ignore for good",
    REOPEN: "Open again",
}
_DAY = 24
MORE = 100
MOST_AT_ONCE = 500


class StateForm(forms.Form):
    """One deed, with a comment; `more`: how many errors more end the ignoring."""

    do = forms.ChoiceField(choices=list(_DEEDS.items()))
    more = forms.IntegerField(
        min_value=1,
        max_value=10**9,
        required=False,
        initial=MORE,
        label="Ignore until so many more have come",
    )
    comment = forms.CharField(
        max_length=triage.LONGEST_NOTE, required=False, label="Comment",
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip

    def act(self, pks: list[int], who: Person) -> tuple[Done, str]:
        """Do it; what was done, and the sentence that says so."""
        do, comment = self.cleaned_data["do"], self.cleaned_data["comment"]
        if do == RESOLVE:
            done = triage.resolve(pks, who, comment)
            return done, f"{triage.sentence(done, 'resolved')} It opens again if the error comes back."
        if do == REOPEN:
            done = triage.reopen(pks, who, comment)
            return done, triage.sentence(done, "open again")
        hours = _DAY if do == IGNORE_DAY else None
        more = (self.cleaned_data["more"] or MORE) if do == IGNORE_MORE else None
        done = triage.ignore(pks, who, hours=hours, more=more, comment=comment)
        how = "for 24 hours" if hours else f"until {more} more have come" if more else "for good"
        return done, triage.sentence(done, f"ignored {how}")


class TriageForm(StateForm):
    """The same for several groups."""

    group = forms.MultipleChoiceField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        given = self.data.getlist("group") if hasattr(self.data, "getlist") else []
        asked = [int(pk) for pk in given[:MOST_AT_ONCE] if pk.isdecimal() and len(pk) < 19]
        known = ErrorGroup.objects.filter(pk__in=asked).values_list("pk", flat=True)
        self.fields["group"].choices = [(str(pk), str(pk)) for pk in known]  # type: ignore[attr-defined]

    def act_on_all(self, who: Person) -> tuple[Done, str]:
        return self.act([int(pk) for pk in self.cleaned_data["group"]], who)


class NoteForm(forms.Form):
    text = forms.CharField(
        max_length=triage.LONGEST_NOTE, label="Note", widget=forms.Textarea(attrs={"rows": 2})
    )


class OwnerForm(forms.Form):
    """Who may look after an error: support and admins."""

    owner = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Nobody", label="Owner")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = User.objects.filter(is_active=True, groups__name__in=[roles.SUPPORT, roles.ADMIN]).distinct()
        self.fields["owner"].queryset = able.order_by("name", "email")  # type: ignore[attr-defined]
