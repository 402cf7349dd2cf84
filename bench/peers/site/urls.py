"""allauth's pages, and one page for whoever is signed in."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """A page like any other of allauth's."""
    return render(request, "home.html")


urlpatterns = [path("", home), path("accounts/", include("allauth.account.urls"))]
