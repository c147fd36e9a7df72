"""Networks: what is trained, one module each."""

from studio.networks._base import Network
from studio.registry import Registry

INITIALIZATIONS = ("usual", "gaussian", "pissa", "olora", "eva")
NETWORKS: Registry[Network] = Registry(__name__, "network")
