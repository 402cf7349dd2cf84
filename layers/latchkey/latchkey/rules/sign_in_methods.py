"""Sign-in methods: the only list of the ways in which a person signs in."""

from typing import Literal

from latchkey.rules.providers import ProviderName

type SignInMethod = Literal["link", "pin"] | ProviderName
