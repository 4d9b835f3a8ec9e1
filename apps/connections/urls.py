from django.urls import path

from . import (
    callback_views,
    connect_views,
    detail_views,
    grants,
    login_views,
    rotate_views,
    setup_views,
    system_user_views,
    views,
)

app_name = "connections"

urlpatterns = [
    path("connections/", views.connections, name="list"),
    path("connections/new/", connect_views.kinds, name="new"),
    path("connections/new/token/", connect_views.token, name="new-token"),
    path("connections/new/login/", connect_views.login, name="new-login"),
    path("connections/new/<uuid:pk>/", connect_views.found, name="found"),
    path("connections/login/", login_views.start, name="login-start"),
    path("connections/login/callback/", login_views.callback, name="login-callback"),
    path("connections/login/unknown/", login_views.unknown, name="login-unknown"),
    path("connections/login/ended/<str:key>/", login_views.ended, name="login-ended"),
    path("connections/link/", login_views.link_page, name="link-page"),
    path("connections/link/login/", login_views.link_login, name="link-login"),
    path("connections/link/thanks/", login_views.link_thanks, name="link-thanks"),
    path("connections/link/found/<uuid:pk>/", login_views.link_found, name="link-found"),
    path("connections/link/<str:key>/", login_views.link, name="link"),
    path("connections/check/", views.check_all, name="check_all"),
    path("connections/<uuid:pk>/", detail_views.connection, name="detail"),
    path("connections/system-users/", system_user_views.offices, name="system-users"),
    path("connections/system-users/<uuid:pk>/", system_user_views.businesses, name="businesses"),
    path(
        "connections/system-users/<uuid:pk>/<int:business>/", system_user_views.people, name="business-users"
    ),
    path(
        "connections/system-users/<uuid:pk>/<int:business>/<int:user>/",
        system_user_views.system_user,
        name="system-user",
    ),
    path(
        "connections/system-users/<uuid:pk>/<int:business>/<int:user>/<slug:step>/",
        system_user_views.step,
        name="system-user-step",
    ),
    path("setup/", setup_views.setup, name="setup"),
    path("setup/check/", setup_views.check_all, name="setup-check-all"),
    path("setup/<slug:name>/check/", setup_views.check, name="setup-check"),
    path("setup/<slug:name>/mark/", setup_views.mark, name="setup-mark"),
    path("connections/<uuid:pk>/check/", views.check, name="check"),
    path("users/<int:pk>/accounts/", grants.of_a_person, name="grants"),
    path("connections/<uuid:pk>/renew/", detail_views.renew, name="renew"),
    path("connections/<uuid:pk>/rotate/", rotate_views.rotate, name="rotate"),
    path("connections/<uuid:pk>/ask/", detail_views.ask, name="ask"),
    path("connections/<uuid:pk>/disconnect/", detail_views.disconnect, name="disconnect"),
    path("hooks/meta/deauthorize/", callback_views.deauthorize, name="deauthorize"),
    path("hooks/meta/data-deletion/", callback_views.data_deletion, name="data_deletion"),
    path("hooks/meta/data-deletion/<str:code>/", callback_views.status, name="deletion_status"),
]
