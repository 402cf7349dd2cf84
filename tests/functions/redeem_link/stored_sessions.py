"""Sessions, as the tables and the audit show them."""

from latchkey import tokens
from tests.kit import sam_template
from tests.kit.portal import Portal
from tests.kit.seed import key_of


def sessions_of(portal: Portal, address: str = "ana@example.com", practice: str = "willow") -> int:
    mine = tokens.base64url_encode(key_of(portal, practice, address))
    return list(sam_template.sessions_in(portal.at_rest()).values()).count(mine)
