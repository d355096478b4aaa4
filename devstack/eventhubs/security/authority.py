"""What one connection may do: the claims of the tokens it has put, and its SASL PLAIN login."""

import hmac
import math
from collections.abc import Sequence

from devstack.eventhubs.errors import AmqpError, unauthorized
from devstack.eventhubs.security.policies import Policy
from devstack.eventhubs.security.sas import Claim, Refused, below, resource, verify

SAS_TYPE = "servicebus.windows.net:sastoken"
MOST_CLAIMS = 1000


class Authority:
    """Claims by the audience they were put for; a newer token for an audience replaces the older one."""

    def __init__(self, policies: Sequence[Policy], hosts: frozenset[str]) -> None:
        self._policies = policies
        self._hosts = hosts
        self._claims: dict[str, Claim] = {}

    def login(self, response: bytes) -> bool:
        """SASL PLAIN: the policy's name and key. True when they fit."""
        parts = response.split(b"\0")
        if len(parts) != 3:
            return False
        name, key = parts[1], parts[2]
        for policy in self._policies:
            if policy.name.encode() == name and hmac.compare_digest(policy.key.encode(), key):
                self._claims[f"plain {policy.entity}"] = Claim(policy.entity, policy.rights, math.inf)
                return True
        return False

    def put(self, token: str, audience: str, now: float) -> None:
        """Take a token for an audience. Raises Refused; the audience must be within what the token is for."""
        wanted = resource(audience, self._hosts)
        claim = verify(token, self._policies, self._hosts, now)
        if not below(wanted, claim.path):
            raise Refused(f"the token is for {claim.path!r}, which does not cover {wanted!r}")
        self._claims = {name: held for name, held in self._claims.items() if held.expiry > now}
        if len(self._claims) >= MOST_CLAIMS:
            raise Refused(f"the connection holds {MOST_CLAIMS} tokens, the most there may be")
        self._claims[wanted] = claim

    def read_token(self, token: str, now: float) -> Claim:
        """The claim of a token that comes with a management request; raises Refused."""
        return verify(token, self._policies, self._hosts, now)

    def allows(self, path: str, right: str, now: float) -> bool:
        """Whether any claim gives ``right`` on ``path`` now."""
        return any(claim.gives(path, right, now) for claim in self._claims.values())

    def demand(self, path: str, right: str, now: float) -> None:
        """Raises AmqpError (unauthorized-access) unless ``right`` on ``path`` is given."""
        if not self.allows(path, right, now):
            raise missing(path, right)


def missing(path: str, right: str) -> AmqpError:
    """The refusal that names the right and the entity."""
    return unauthorized(
        f"Unauthorized access. The {right!r} claim on {path!r} is required: no valid token of this "
        "connection gives it. Check the policy, its key, the token's audience and its expiry."
    )
