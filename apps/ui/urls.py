from django.conf import settings
from django.urls import path

from . import views

app_name = "ui"

urlpatterns = [path("pulse/", views.pulse, name="pulse")]

if settings.DEBUG:
    urlpatterns += [path("kit/", views.parts, name="kit")]
