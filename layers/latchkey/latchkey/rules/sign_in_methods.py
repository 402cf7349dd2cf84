"""The only list of sign-in methods."""

from typing import Literal

from latchkey.rules.providers import ProviderName

type SignInMethod = Literal["link", "pin"] | ProviderName
"""A sign-in method: link, PIN or provider."""
