from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.webauthn import views as passkeys
from django.urls import include, path, re_path

from . import joining, second_factor_views, session_views, trail_views, views

# Names that allauth looks up.
signing_in = [
    path("sign-in/", account.login, name="account_login"),
    path("sign-in/code/", second_factor_views.code, name="mfa_authenticate"),
    path("sign-in/passkey/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path("sign-out/", account.logout, name="account_logout"),
    path("sign-up/", account.signup, name="account_signup"),
    path("sign-in/again/", account.reauthenticate, name="account_reauthenticate"),
    path("sign-in/again/code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("sign-in/again/passkey/", passkeys.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("password/", account.password_change, name="account_change_password"),
    path("password/forgotten/", account.password_reset, name="account_reset_password"),
    path("password/forgotten/sent/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("password/new/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("sign-in/inactive/", account.account_inactive, name="account_inactive"),
]

second_factor = [
    path("second-factor/", second_factor_views.overview, name="mfa_index"),
    path("second-factor/app/", second_factor_views.pair, name="mfa_activate_totp"),
    path("second-factor/app/off/", second_factor_views.unpair, name="mfa_deactivate_totp"),
    path("second-factor/recovery-codes/", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "second-factor/recovery-codes/new/",
        second_factor_views.new_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path("second-factor/passkeys/", passkeys.list_webauthn, name="mfa_list_webauthn"),
    path("second-factor/passkeys/new/", second_factor_views.add_key, name="mfa_add_webauthn"),
    path("second-factor/passkeys/<int:pk>/", passkeys.edit_webauthn, name="mfa_edit_webauthn"),
    path(
        "second-factor/passkeys/<int:pk>/remove/", second_factor_views.remove_key, name="mfa_remove_webauthn"
    ),
]

ours = [
    path("users/", views.people, name="users"),
    path("users/invite/", views.invite, name="invite"),
    path("users/<int:pk>/", views.person, name="person"),
    path("users/<int:pk>/role/", views.give_role, name="give_role"),
    path("users/<int:pk>/off/", views.switch_off, name="switch_off"),
    path("users/<int:pk>/on/", views.switch_on, name="switch_on"),
    path("users/<int:pk>/second-factor/reset/", views.reset_second_factor, name="reset_second_factor"),
    path("users/<int:pk>/unlock/", views.unlock, name="unlock"),
    path("users/<int:pk>/sessions/end/", views.end_sessions, name="end_sessions"),
    path("users/<int:pk>/sessions/<int:session>/end/", views.end_session, name="end_session"),
    path("users/<int:pk>/invitation/", views.invite_again, name="invite_again"),
    path("users/<int:pk>/invitation/take-back/", views.take_back, name="take_back"),
    path("invitation/<str:token>/", joining.invitation, name="invitation"),
    path("join/", joining.join, name="join"),
    path("sessions/", session_views.sessions, name="sessions"),
    path("sessions/<int:pk>/end/", session_views.end, name="end_own_session"),
    path("sessions/end/", session_views.end_others, name="end_other_sessions"),
    path("audit/", trail_views.entries, name="audit"),
    path("audit/export.csv", trail_views.export, name="audit_csv"),
]

urlpatterns = [*signing_in, *second_factor, path("", include((ours, "team")))]
